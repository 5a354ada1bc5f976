package main

import (
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

func TestFlagsNeedValues(t *testing.T) {
	clitest.NeedValues(t, newParser(new(commandLine)).Model, func(args []string) error {
		_, err := newParser(new(commandLine)).Parse(args)
		return err
	})
}

// TestNothingAskedFor: an empty text is no question, and does not get the answer to none.
func TestNothingAskedFor(t *testing.T) {
	embedModel(t)
	for _, flag := range []string{"--object", "--prompt"} {
		if _, err := parse(t, flag, ""); err == nil || !strings.HasPrefix(err.Error(), flag+": its value is empty") {
			t.Errorf("%s '': error %v", flag, err)
		}
	}
	if _, err := parse(t, "--negative", ""); err != nil {
		t.Errorf("--negative '': %v", err)
	}
	if s, err := parse(t); err != nil || !s.isDemo() {
		t.Errorf("no flags: error %v, want the first command", err)
	}
}
