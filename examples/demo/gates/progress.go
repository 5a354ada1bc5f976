package main

import (
	"context"
	"os"

	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// newProgress reports how many pieces of a piece of work are done: what it is,
// and a line for each tenth of them where there is no terminal.
func newProgress(ctx context.Context, what string, pieces int) *show.Progress {
	p := show.NewProgress(ctx, os.Stderr, float64(pieces))
	p.Tenths = true
	p.Begin(what+": ", "%d of %d, ", pieces)
	return p
}
