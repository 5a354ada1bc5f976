package main

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// TestTally reports two pictures that are made at once, one of them from its
// second step on, to a terminal and to a file. Time passes only where it sleeps.
func TestTally(t *testing.T) {
	g := newGenerator(t)
	synctest.Test(t, func(t *testing.T) { testTally(t, g) })
}

func testTally(t *testing.T, g *anomalyany.Generator) {
	report := func(terminal bool) string {
		var out bytes.Buffer
		all := newTally(2)
		all.out, all.terminal = &out, terminal
		time.Sleep(time.Hour)
		first, second := all.part(g), all.part(g)
		first.begin(0)
		second.begin(1)
		second.skip(1)
		for i := range g.Steps() {
			for _, p := range []reporter{first, second} {
				if p == second && i == 0 {
					continue
				}
				if err := p.step(anomalyany.Step{StepTrace: anomalyany.StepTrace{I: i}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 2 {
			all.finish()
		}
		if all.made < 1.999 || all.made > 2.001 {
			t.Errorf("%g pictures are made, want 2", all.made)
		}
		return out.String()
	}
	if got := report(false); got != "1 of 2 pictures, 0s left\n2 of 2 pictures, 0s left\n" {
		t.Errorf("the lines are\n%s", got)
	}
	bar := report(true)
	for _, part := range []string{"0 of 2 pictures, ", "2h5m", "left  66% "} {
		if !strings.Contains(bar, part) {
			t.Errorf("the bar has no %q:\n%q", part, bar)
		}
	}
	if !strings.HasSuffix(strings.TrimRight(bar, " "), "\r") {
		t.Errorf("the bar stays: %q", bar)
	}
}
