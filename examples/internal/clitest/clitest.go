// Package clitest runs a program from its own tests as a user does: the test
// binary is the program.
package clitest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
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
	os.Exit(m.Run())
}

// Program is the program with arguments.
func Program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// Interrupt starts a program, interrupts it when a line that it writes to
// standard error has a text in it, and wants it to say so at last and to end
// with status 130. Where no interrupt can be sent the test is skipped.
func Interrupt(t *testing.T, cmd *exec.Cmd, when string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt can be sent")
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var last string
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if last = lines.Text(); strings.Contains(last, when) {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("exit status %d (%v), want 130", cmd.ProcessState.ExitCode(), err)
	}
	if !strings.Contains(last, "interrupted") {
		t.Errorf("the last line is %q", last)
	}
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
