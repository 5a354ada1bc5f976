package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/hub"
)

// fetch fetches what is missing of a model, and tells how far it is: on a terminal with a bar, elsewhere with a line after
// each tenth.
func fetch(ctx context.Context, out io.Writer, plan *hub.Plan) (string, error) {
	n, total := plan.Missing()
	if n == 0 {
		return plan.Path(), nil
	}
	bar := newFetching(ctx, out, total)
	defer bar.End()
	path, err := plan.Fetch(ctx, bar.tell)
	if err != nil && ctx.Err() != nil {
		err = stopped{err, fmt.Sprintf("what has come of %s stays in the cache, and the same command goes on there", plan.Ref.Repo)}
	}
	return path, err
}

// stopped is an error of a fetch that was interrupted, and what state that left things in.
type stopped struct {
	error
	left string
}

func (s stopped) Unwrap() error { return s.error }

// steps are those that a fetch is counted in: a line elsewhere than on a terminal comes after ten of them.
const steps = 100

// fetching turns bytes into steps.
type fetching struct {
	*show.Progress
	unit    int64 // bytes of a step
	told    int64 // bytes that were told of, so that a file that is fetched anew takes nothing back
	taken   int   // steps
	kept    int64 // bytes that were there before
	noted   string
	started time.Time
	rest    float64   // of what was told of, what is not counted yet
	counted time.Time // when it was last
}

func newFetching(ctx context.Context, out io.Writer, total int64) *fetching {
	f := &fetching{Progress: show.NewProgress(ctx, out, float64(total)), unit: max(1, total/steps), started: time.Now()}
	f.Tenths = true
	f.Begin("", "%[1]d %% of "+hub.Bytes(total)+", ", steps)
	return f
}

// tell takes what hub.Plan.Fetch says.
func (f *fetching) tell(p hub.Progress) {
	if more := p.Kept - f.kept; more > 0 {
		if f.kept == 0 {
			f.Say("going on with what has come before")
		}
		f.kept += more
		f.told += more
		n := max(int(f.told/f.unit)-f.taken, 0)
		f.taken += n
		f.Skip(n, float64(more))
	}
	if p.Note != f.noted && p.Note != "" {
		f.Say(p.Note)
	}
	f.noted = p.Note
	if p.Done <= f.told {
		return
	}
	f.rest += float64(p.Done - f.told)
	f.told = p.Done
	for f.taken < steps && p.Done >= int64(f.taken+1)*f.unit {
		f.taken++
		f.Step(f.rest, fmt.Sprintf("%s/s, %s", hub.Bytes(f.rate()), p.File))
		f.rest = 0
	}
	if f.rest > 0 && time.Since(f.counted) > time.Second { // bytes come hundreds of times a second
		f.counted = time.Now()
		f.Add(f.rest)
		f.rest = 0
	}
}

// rate is how many bytes have come a second.
func (f *fetching) rate() int64 {
	return int64(float64(f.told-f.kept) / max(time.Since(f.started).Seconds(), 1e-3))
}
