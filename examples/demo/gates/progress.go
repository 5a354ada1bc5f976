package main

import (
	"fmt"
	"os"

	"github.com/sdgraph/sdgraph/examples/internal/terminal"
)

// progress tells how many pieces of a piece of work are done: in one line that
// changes on a terminal, a line for each tenth of them elsewhere.
func progress(what string, done, all int) {
	if terminal.Is(os.Stderr) && done < all {
		bar := terminal.Bar{Out: os.Stderr, Total: all}
		bar.Set(done, what)
		return
	}
	if done*10/all > (done-1)*10/all {
		fmt.Fprintf(os.Stderr, "\r%s: %d of %d\n", what, done, all)
	}
}
