// Package clitest runs a program from its own tests as a user does: the test
// binary is the program.
package clitest

import (
	"bufio"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// asProgram is the environment variable that makes the test binary the program.
const asProgram = "SDGRAPH_TEST_MAIN"

// Main is for TestMain: it runs the tests, or main where Program has started the
// binary.
func Main(m *testing.M, main func()) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	heedSignals()
	os.Exit(m.Run())
}

// heedSignals lets the programs have the signals that this process was told to
// ignore, as nohup and shells without a terminal do: what a process handles itself
// is not ignored by those that it starts.
func heedSignals() {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGTERM} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// Program is the program with arguments.
func Program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// Interrupt is Stop by Ctrl-C.
func Interrupt(t *testing.T, cmd *exec.Cmd, when string) {
	t.Helper()
	Stop(t, cmd, when, syscall.SIGINT)
}

// Stop starts a program, sends it a signal when a line that it writes to standard
// error has a text in it, and wants it to say at last that it was interrupted and
// to end with the status that shells have for the signal. Where no signal can be
// sent the test is skipped.
func Stop(t *testing.T, cmd *exec.Cmd, when string, by syscall.Signal) {
	t.Helper()
	last := Signals(t, cmd, map[string]syscall.Signal{when: by})
	if status := cmd.ProcessState.ExitCode(); status != 128+int(by) {
		t.Errorf("exit status %d, want %d", status, 128+int(by))
	}
	if !strings.Contains(last, "interrupted") {
		t.Errorf("the last line is %q", last)
	}
}

// Signals starts a program, sends it each signal when a line that it writes to
// standard error has a text in it, waits for its end and returns the last line.
func Signals(t *testing.T, cmd *exec.Cmd, when map[string]syscall.Signal) (last string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no signal can be sent")
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		last = lines.Text()
		for text, signal := range when {
			if strings.Contains(last, text) {
				if err := cmd.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	_ = cmd.Wait() // its status says more than its error
	return last
}

// Written lists what lies in a directory, hidden files too; nothing where there
// is none.
func Written(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range names {
		names[i] = filepath.Base(n)
	}
	return names
}
