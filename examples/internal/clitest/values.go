package clitest

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// NeedValues wants an error for each flag of a program, and of its commands, that
// takes a value and gets none: at the end of the command line, before another flag,
// and empty, where that is not what the flag may be. parse is to read each command
// line as the program does.
func NeedValues(t *testing.T, program *kong.Application, parse func(args []string) error) {
	t.Helper()
	seen := 0
	for _, flag := range flagsBelow(program.Node) {
		name := "--" + flag.Name
		if flag.IsBool() {
			continue
		}
		seen++
		lines := [][]string{{name}, {name, "--help"}, {name, name, "x"}, {name, "-h"}, {name, "--"}}
		if !flag.Tag.Has("empty") {
			lines = append(lines, []string{name + "="}, []string{name, ""})
		}
		for _, args := range lines {
			if err := parse(args); err == nil || !strings.HasPrefix(err.Error(), name+": its value is ") {
				t.Errorf("%q: error %v, want one about %s", args, err, name)
			}
		}
	}
	if seen == 0 {
		t.Error("no flag takes a value")
	}
}

// flagsBelow are the flags of a command and of all below it.
func flagsBelow(node *kong.Node) []*kong.Flag {
	all := node.Flags
	for _, child := range node.Children {
		all = append(all[:len(all):len(all)], flagsBelow(child)...)
	}
	return all
}
