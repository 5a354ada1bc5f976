package main

import (
	"context"
	"runtime"
	"sync"

	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
)

// drawn is a trial, drawn without and with its defect.
type drawn struct {
	trial.Trial
	good, bad world.Drawing
}

// draw draws all trials, on all processors.
func draw(ctx context.Context, trials []trial.Trial, size int) ([]drawn, error) {
	all := make([]drawn, len(trials))
	todo := make(chan int, len(trials))
	for i := range trials {
		todo <- i
	}
	close(todo)
	var wait sync.WaitGroup
	p := newProgress(ctx, "drawings", len(trials))
	defer p.End()
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for i := range todo {
				if ctx.Err() != nil {
					return
				}
				all[i] = drawn{trials[i], trials[i].Normal(size), trials[i].Defective(size)}
				p.Step(1, "")
			}
		})
	}
	wait.Wait()
	return all, ctx.Err()
}
