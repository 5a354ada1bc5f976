package main

import (
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

func TestFlagsNeedValues(t *testing.T) {
	clitest.NeedValues(t, newParser(new(options)).Model, func(args []string) error {
		_, err := newParser(new(options)).Parse(args)
		return err
	})
}
