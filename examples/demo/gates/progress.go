package main

import (
	"fmt"
	"os"

	"github.com/sdgraph/sdgraph/examples/internal/terminal"
)

// progress tells how many pieces of a piece of work are done: in one line that
// changes on a terminal, a line for each tenth of them elsewhere.
func progress(what string, done, all int) {
	switch {
	case terminal.Is(os.Stderr):
		bar := terminal.Bar{Out: os.Stderr, Total: all}
		bar.Set(done, what)
		if done == all {
			fmt.Fprintln(os.Stderr)
		}
	case done*10/all > (done-1)*10/all:
		fmt.Fprintf(os.Stderr, "%s: %d of %d\n", what, done, all)
	}
}
