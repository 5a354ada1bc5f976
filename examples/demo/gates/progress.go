package main

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// progress tells how many pieces of a piece of work are done: in one line that
// changes on a terminal, a line for each tenth of them elsewhere.
func progress(what string, done, all int) {
	terminal := term.IsTerminal(int(os.Stderr.Fd()))
	switch {
	case terminal && done < all:
		fmt.Fprintf(os.Stderr, "\r%s: %d of %d", what, done, all)
	case terminal:
		fmt.Fprintf(os.Stderr, "\r%s: %d of %d\n", what, done, all)
	case done*10/all > (done-1)*10/all:
		fmt.Fprintf(os.Stderr, "%s: %d of %d\n", what, done, all)
	}
}
