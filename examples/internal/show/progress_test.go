package show

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// onTerminal is a Progress whose output is shown as a terminal of 80 columns does.
func onTerminal(ctx context.Context, out *bytes.Buffer, work float64) *Progress {
	p := NewProgress(ctx, out, work)
	p.terminal = true
	return p
}

// line is the last one that a terminal shows.
func line(out *bytes.Buffer) string {
	all := out.String()
	return shows(all[strings.LastIndex(all, "\n")+1:])
}

// TestProgressLines are those of two pictures whose last steps take as long as three others. Time passes only where it
// sleeps.
func TestProgressLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewProgress(t.Context(), &out, 2*(1+1+3))
		for picture := range 2 {
			p.Say(fmt.Sprintf("picture %d of 2", picture+1))
			p.Begin(fmt.Sprintf("seed %d, ", picture), "step %d of %d: ", 3)
			for _, work := range []int{1, 1, 3} {
				time.Sleep(time.Duration(work) * time.Minute)
				p.Step(float64(work), "L 0.500")
			}
			p.End()
		}
		const want = `picture 1 of 2
seed 0, step 1 of 3: L 0.500, 9m0s left
seed 0, step 2 of 3: L 0.500, 8m0s left
seed 0, step 3 of 3: L 0.500, 5m0s left
picture 2 of 2
seed 1, step 1 of 3: L 0.500, 4m0s left
seed 1, step 2 of 3: L 0.500, 3m0s left
seed 1, step 3 of 3: L 0.500, 0s left
`
		if out.String() != want {
			t.Errorf("the lines are\n%swant\n%s", &out, want)
		}
		if p.Each() != time.Minute {
			t.Errorf("a unit of work takes %v, want a minute", p.Each())
		}
	})
}

// TestProgressBar shows the share of all work, not of the picture's, and leaves nothing behind.
func TestProgressBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := onTerminal(t.Context(), &out, 2*(1+1+3))
		wants := func(want string) {
			t.Helper()
			if got := line(&out); got != want {
				t.Errorf("the terminal shows %q, want %q", got, want)
			}
		}
		p.Begin("seed 0, ", "step %d of %d: ", 3)
		wants("seed 0, step 0 of 3   0% |                    |")
		time.Sleep(time.Minute)
		p.Step(1, "")
		wants("seed 0, step 1 of 3: 9m0s left  10% |██                  |")
		p.Say("a line")
		wants("seed 0, step 1 of 3: 9m0s left  10% |██                  |")
		if got := shows(strings.TrimSuffix(strings.SplitAfter(out.String(), "\n")[0], "\n")); got != "a line" {
			t.Errorf("above the bar there is %q", got)
		}
		time.Sleep(3 * time.Minute)
		p.Add(2) // a part of a step
		wants("seed 0, step 1 of 3: 9m20s left  30% |██████              |")
		p.Step(2, "")
		p.Step(0, "")
		wants("")
		p.Begin("seed 1, ", "step %d of %d: ", 3)
		wants("seed 1, step 0 of 3: 4m0s left  50% |██████████          |")
		p.End()
		wants("")
	})
}

// TestProgressSkip takes no time for what was done before, and counts it.
func TestProgressSkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := onTerminal(t.Context(), &out, 10)
		p.Begin("", "%d of %d pictures, ", 10)
		p.Skip(6, 6)
		if got, want := line(&out), "6 of 10 pictures  60% |████████████        |"; got != want {
			t.Errorf("the terminal shows %q, want %q", got, want)
		}
		time.Sleep(time.Hour)
		p.Step(1, "")
		if got, want := line(&out), "7 of 10 pictures, 3h0m0s left  70% |██████████████      |"; got != want {
			t.Errorf("the terminal shows %q, want %q", got, want)
		}
	})
}

// TestProgressTenths has ten lines of any larger number of steps, and all of a smaller one.
func TestProgressTenths(t *testing.T) {
	for steps, want := range map[int]int{1: 1, 7: 7, 10: 10, 11: 10, 1234: 10} {
		var out bytes.Buffer
		p := NewProgress(t.Context(), &out, float64(steps))
		p.Tenths = true
		p.Begin("drawings: ", "%d of %d, ", steps)
		for range steps {
			p.Step(1, "")
		}
		if got := strings.Count(out.String(), "\n"); got != want || !strings.HasSuffix(out.String(), fmt.Sprintf("drawings: %d of %d, 0s left\n", steps, steps)) {
			t.Errorf("%d steps: %d lines, want %d:\n%s", steps, got, want, &out)
		}
	}
}

// TestProgressStops says nothing once its context has ended, but takes the bar away.
func TestProgressStops(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		var out bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		p := NewProgress(ctx, &out, 9)
		p.terminal = terminal
		p.Begin("", "step %d of %d: ", 9)
		p.Step(1, "")
		cancel()
		said := out.Len()
		p.Step(1, "")
		p.Say("picture 2 of 2")
		p.Add(1)
		p.Skip(1, 1)
		p.Begin("", "step %d of %d: ", 9)
		if out.Len() > said {
			t.Errorf("on a terminal %v: it goes on with %q", terminal, out.String()[said:])
		}
		p.End()
		if got := line(&out); got != "" {
			t.Errorf("on a terminal %v: %q is left", terminal, got)
		}
	}
}

// TestProgressOfNone does not divide by what is not there.
func TestProgressOfNone(t *testing.T) {
	var out bytes.Buffer
	p := onTerminal(t.Context(), &out, 0)
	p.Begin("", "%d of %d, ", 0)
	p.Skip(0, 0)
	p.terminal, p.Tenths = false, true
	p.Step(0, "nothing to do")
	if !strings.HasSuffix(out.String(), "1 of 0, nothing to do\n") {
		t.Errorf("it says %q", &out)
	}
}

// TestProgressTogether is told by several at once, for the race detector.
func TestProgressTogether(t *testing.T) {
	var out bytes.Buffer
	p := onTerminal(t.Context(), &out, 40)
	p.Begin("", "%d of %d pictures, ", 40)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10 {
				p.Add(0.5)
				p.Step(0.5, "")
			}
		})
	}
	all.Wait()
	if got := line(&out); got != "" || p.step != 40 || math.Abs(p.done-40) > 1e-9 {
		t.Errorf("%d steps, work %g; %q is left", p.step, p.done, got)
	}
}
