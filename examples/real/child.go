package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// called is a command as it was called.
type called struct {
	Command string  `json:"command"`
	Seconds float64 `json:"seconds"`
}

// errExit is a program's own verdict, such as that tensors are too far from their reference.
var errExit = errors.New("ended with an error")

// program runs one of this module's programs.
func (r *run) program(ctx context.Context, s *step, name string, args ...string) (stdout string, err error) {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return r.child(ctx, s, filepath.Join(r.Programs, name), args...)
}

// python runs the reference.
func (r *run) python(ctx context.Context, s *step, args ...string) error {
	_, err := r.child(ctx, s, r.Python, append([]string{r.Reference}, args...)...)
	return err
}

// child runs a program to its end. What it tells people is passed on; its last line says what went wrong. When the context
// ends the program is asked to end, and has time for it.
func (r *run) child(ctx context.Context, s *step, path string, args ...string) (stdout string, err error) {
	cmd := exec.CommandContext(ctx, path, args...)
	var out bytes.Buffer
	said := &tail{}
	cmd.Stdout, cmd.Stderr = &out, tee{said, os.Stderr}
	cmd.Cancel = func() error {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			return cmd.Process.Kill() // Windows has no such signal
		}
		return nil
	}
	cmd.WaitDelay = time.Minute
	begun := time.Now()
	err = cmd.Run()
	s.Commands = append(s.Commands, called{r.private.text(strings.Join(append([]string{path}, args...), " ")), since(begun)})
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &exit):
		return out.String(), fmt.Errorf("%s %w: %s", filepath.Base(path), errExit, said.last())
	case err != nil:
		return "", err
	}
	return out.String(), nil
}

func since(begun time.Time) float64 { return time.Since(begun).Seconds() }

// tee passes on what is written, on a terminal with its bars.
type tee struct {
	tail *tail
	to   *os.File
}

func (t tee) Write(p []byte) (int, error) {
	t.tail.Write(p)
	t.to.Write(p) // what cannot be written is no reason to stop
	return len(p), nil
}

// tail keeps the end of what was written.
type tail struct{ kept []byte }

const mostKept = 1 << 13

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - mostKept; over > 0 {
		t.kept = append([]byte(nil), t.kept[over:]...)
	}
	return len(p), nil
}

// last are the last lines, without what is drawn over and the source that Python shows below its calls.
func (t *tail) last() string {
	var lines []string
	for line := range strings.Lines(string(t.kept)) {
		line = strings.TrimRight(line, "\r\n")
		if line = line[strings.LastIndexByte(line, '\r')+1:]; line != "" && line[0] != ' ' {
			lines = append(lines, line)
		}
	}
	const most = 2
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
