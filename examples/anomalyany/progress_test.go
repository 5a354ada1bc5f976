package main

import (
	"bytes"
	"fmt"
	"image"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// newGenerator prepares a run of three steps, the last with refinement.
func newGenerator(t *testing.T) *anomalyany.Generator {
	t.Helper()
	f := small(t)
	p, err := diffusion.Open(t.Context(), f.Model)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	g, err := anomalyany.New(t.Context(), p, 64, 64, f.options())
	if err != nil {
		t.Fatal(err)
	}
	if plain, refined := g.Work(0), g.Work(2); refined <= plain {
		t.Fatalf("a step costs %g, with refinement %g", plain, refined)
	}
	return g
}

// runSteps reports steps of a picture from step first on, each of which takes as long as its work.
func runSteps(t *testing.T, g *anomalyany.Generator, to *part, first int) {
	t.Helper()
	loss := 1.0
	for i := first; i < g.Steps(); i++ {
		time.Sleep(lasts(g, g.Work(i)))
		s := anomalyany.Step{StepTrace: anomalyany.StepTrace{I: i, Attention: 0.5}}
		if i == 2 {
			s.Image, s.Prompt = &loss, &loss
		}
		if err := to.step(s); err != nil {
			t.Fatal(err)
		}
	}
}

// lasts is how long so much work takes, of which a step without refinement is 1000 seconds.
func lasts(g *anomalyany.Generator, work float64) time.Duration {
	return time.Duration(work / g.Work(0) * float64(1000*time.Second))
}

// TestProgress reports two pictures, one of which goes on after its first step: what refinement costs, and what later
// pictures do, counts. Time passes only where it sleeps.
func TestProgress(t *testing.T) {
	g := newGenerator(t)
	plain, refined := g.Work(0), g.Work(2)
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		j := &job{input: image.Pt(64, 64)}
		all := newProgress(t.Context(), &out, []task{{j, 7}, {j, 8}}, false)
		p := all.of(j, "").steps(g)
		p.begin(7)
		p.skip(1)
		runSteps(t, g, p, 1)
		p.end()
		p = all.of(j, "nut.png, ").steps(g)
		p.begin(8)
		runSteps(t, g, p, 0)
		p.end()
		left := func(work float64) string { return lasts(g, work).Round(time.Second).String() + " left" }
		want := strings.Join([]string{
			"picture 1 of 2, seed 7",
			"seed 7 goes on after step 1 of 3",
			"seed 7, step 2 of 3: L_att 0.500, " + left(refined+2*plain+refined),
			"seed 7, step 3 of 3: L_att 0.500, L_img 1.000, L_prompt 1.000, " + left(2*plain+refined),
			"picture 2 of 2, nut.png, seed 8",
			"nut.png, seed 8, step 1 of 3: L_att 0.500, " + left(plain+refined),
			"nut.png, seed 8, step 2 of 3: L_att 0.500, " + left(refined),
			"nut.png, seed 8, step 3 of 3: L_att 0.500, L_img 1.000, L_prompt 1.000, 0s left", "",
		}, "\n")
		if got := out.String(); got != want {
			t.Errorf("the lines are\n%swant\n%s", got, want)
		}
	})
}

// TestParts reports two pictures that are made side by side, the second from its second step on. What was done before
// takes no time.
func TestParts(t *testing.T) {
	g := newGenerator(t)
	plain, refined := g.Work(0), g.Work(2)
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		j := &job{input: image.Pt(64, 64)}
		all := newProgress(t.Context(), &out, []task{{j, 0}, {j, 1}}, true)
		first, second := all.of(j, "").steps(g), all.of(j, "").steps(g)
		first.begin(0)
		second.begin(1)
		second.skip(1)
		runSteps(t, g, first, 0)
		first.end()
		first.saved()
		runSteps(t, g, second, 1)
		second.end()
		second.saved()
		want := fmt.Sprintf("1 of 2 pictures, %s left\n2 of 2 pictures, 0s left\n", lasts(g, plain+refined).Round(time.Second))
		if got := out.String(); got != want {
			t.Errorf("the lines are\n%swant\n%s", got, want)
		}
	})
}
