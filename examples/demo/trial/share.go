package trial

import (
	"context"
	"io"
	"runtime"
	"sync"

	"github.com/sdgraph/sdgraph/kernels"
)

// Share has workers, each with a bench of its own, which open makes, and one thread, do pieces
// 0 to n-1 of a work; 0 workers are one for each processor. The first error stops all of them,
// and is returned.
func Share[Bench io.Closer](ctx context.Context, workers, n int, open func(context.Context) (Bench, error), do func(ctx context.Context, b Bench, i int) error) error {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers = min(workers, n); workers > 1 {
		defer kernels.SetThreads(kernels.Threads())
		kernels.SetThreads(1)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	var crew sync.WaitGroup
	for range workers {
		crew.Go(func() {
			if err := take(ctx, next, open, do); err != nil {
				stop(err)
			}
		})
	}
	crew.Wait()
	return context.Cause(ctx)
}

// take does pieces of work until there are no more.
func take[Bench io.Closer](ctx context.Context, next <-chan int, open func(context.Context) (Bench, error), do func(ctx context.Context, b Bench, i int) error) error {
	b, err := open(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	for i := range next {
		if ctx.Err() != nil {
			return nil
		}
		if err := do(ctx, b, i); err != nil {
			return err
		}
	}
	return nil
}
