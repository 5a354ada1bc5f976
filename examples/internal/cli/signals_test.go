package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// TestMain lets the test binary be a program that does what its argument says.
func TestMain(m *testing.M) {
	clitest.Main(m, func() {
		var f programFlags
		Main(NewParser("program", "", &f), "it left nothing", func(ctx context.Context) error {
			fmt.Fprintln(os.Stderr, "begun")
			return programs[f.Do](ctx)
		})
	})
}

type programFlags struct {
	Do string `arg:""`
}

// Validate reads a file that may be a pipe, as flags may have it.
func (f *programFlags) Validate() error {
	if f.Do != "reads its flags" {
		return nil
	}
	fmt.Fprintln(os.Stderr, "begun")
	_, err := io.ReadAll(os.Stdin)
	return err
}

var programs = map[string]func(context.Context) error{
	"done":   func(context.Context) error { return nil },
	"fails":  func(context.Context) error { return errors.New("it failed") },
	"waits":  func(ctx context.Context) error { <-ctx.Done(); return fmt.Errorf("step 1: %w", ctx.Err()) },
	"cause":  func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) },
	"killed": func(ctx context.Context) error { <-ctx.Done(); return errors.New("its child was killed") },
	"reads": func(ctx context.Context) error {
		_, err := Await(ctx, func() ([]byte, error) { return io.ReadAll(os.Stdin) })
		return err
	},
	"is deaf": func(ctx context.Context) error { <-ctx.Done(); fmt.Fprintln(os.Stderr, "heard"); select {} },
	"is busy": func(ctx context.Context) error {
		<-ctx.Done()
		fmt.Fprintln(os.Stderr, "heard")
		for i := 0; ; i++ {
			runtime.KeepAlive(make([]int, i%1000))
		}
	},
	"prints": func(ctx context.Context) error { _, err := fmt.Println("a line"); return err },
}

func TestFirstSignal(t *testing.T) {
	for _, c := range []struct {
		program string
		signal  syscall.Signal
		says    string
	}{
		{"waits", syscall.SIGINT, "program: interrupted; it left nothing"},
		{"waits", syscall.SIGTERM, "program: interrupted by SIGTERM; it left nothing"},
		{"waits", syscall.SIGHUP, "program: interrupted by SIGHUP; it left nothing"},
		{"cause", syscall.SIGTERM, "program: interrupted by SIGTERM; it left nothing"},
		{"killed", syscall.SIGTERM, "program: its child was killed; interrupted by SIGTERM; it left nothing"},
		{"reads", syscall.SIGINT, "program: interrupted; it left nothing"},
		{"reads its flags", syscall.SIGINT, "program: interrupted; it left nothing"},
		{"reads its flags", syscall.SIGTERM, "program: interrupted by SIGTERM; it left nothing"},
	} {
		cmd := clitest.Program(t, c.program)
		stdin, err := cmd.StdinPipe() // into which nothing is written
		if err != nil {
			t.Fatal(err)
		}
		last := clitest.Signals(t, cmd, map[string]syscall.Signal{"begun": c.signal})
		stdin.Close()
		if got, want := cmd.ProcessState.ExitCode(), 128+int(c.signal); got != want {
			t.Errorf("%s, %v: exit status %d, want %d", c.program, c.signal, got, want)
		}
		if last != c.says {
			t.Errorf("%s, %v: the last line is %q, want %q", c.program, c.signal, last, c.says)
		}
	}
}

func TestSecondSignal(t *testing.T) {
	for _, program := range []string{"is deaf", "is busy"} {
		for _, second := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			cmd := clitest.Program(t, program)
			last := clitest.Signals(t, cmd, map[string]syscall.Signal{"begun": syscall.SIGINT, "heard": second})
			if got, want := cmd.ProcessState.ExitCode(), 128+int(second); got != want || !strings.Contains(last, "interrupted again") {
				t.Errorf("%s: exit status %d after %v, want %d; the last line is %q", program, got, second, want, last)
			}
		}
	}
}

// TestNohup: a SIGHUP that was ignored is nothing to a program.
func TestNohup(t *testing.T) {
	cmd := clitest.Program(t, "waits")
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`}, cmd.Args...)
	if _, err := os.Stat(cmd.Path); err != nil {
		t.Skip(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stderr, make([]byte, len("begun\n"))); err != nil {
		t.Fatal(err)
	}
	for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	rest, err := io.ReadAll(stderr)
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 143 || err != nil || string(rest) != "program: interrupted by SIGTERM; it left nothing\n" {
		t.Errorf("exit status %d, want 143; it said %q, error %v", got, rest, err)
	}
}

func TestStatus(t *testing.T) {
	for program, want := range map[string]struct {
		status int
		stderr string
	}{"done": {0, ""}, "fails": {1, "program: it failed\n"}, "prints": {0, ""}} {
		var stderr strings.Builder
		cmd := clitest.Program(t, program)
		cmd.Stderr = &stderr
		_ = cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != want.status || stderr.String() != "begun\n"+want.stderr {
			t.Errorf("%s: exit status %d and %q, want %d and %q", program, got, stderr.String(), want.status, want.stderr)
		}
	}
}

// TestOutputGone: a program whose output nobody reads, or that has no room, says
// so and ends in good order.
func TestOutputGone(t *testing.T) {
	run := func(stdout *os.File) (status int, stderr string) {
		defer stdout.Close()
		var b strings.Builder
		cmd := clitest.Program(t, "prints")
		cmd.Stdout, cmd.Stderr = stdout, &b
		var exit *exec.ExitError
		if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), strings.TrimPrefix(b.String(), "begun\n")
	}
	if runtime.GOOS != "windows" {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		if status, stderr := run(w); status != 141 || stderr != "program: nobody reads its output any more\n" {
			t.Errorf("a broken pipe: exit status %d, want 141; it said %q", status, stderr)
		}
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	if status, stderr := run(full); status != 1 || !strings.Contains(stderr, "no space left") {
		t.Errorf("a full disk: exit status %d, want 1; it said %q", status, stderr)
	}
}

func TestAwait(t *testing.T) {
	if v, err := Await(t.Context(), func() (int, error) { return 3, nil }); v != 3 || err != nil {
		t.Errorf("%d, %v, want 3", v, err)
	}
	failed := errors.New("failed")
	if _, err := Await(t.Context(), func() (int, error) { return 0, failed }); err != failed {
		t.Errorf("error %v, want what was returned", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	never := make(chan int)
	defer close(never)
	if _, err := Await(ctx, func() (int, error) { cancel(); return <-never, nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}
