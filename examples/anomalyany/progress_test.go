package main

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/tensor/images"
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
	g, err := anomalyany.New(t.Context(), p, images.ForModel(gradient(64)), f.options())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestProgress reports two pictures to a terminal of 80 columns and to a file.
func TestProgress(t *testing.T) {
	g := newGenerator(t)
	loss := 1.0
	report := func(terminal bool) string {
		var out bytes.Buffer
		p := newProgress(g, 2)
		p.out, p.terminal = &out, terminal
		for seed := range uint64(2) {
			p.begin(seed)
			for i := range g.Steps() {
				s := anomalyany.Step{StepTrace: anomalyany.StepTrace{I: i, Attention: 0.5}}
				if i == 2 {
					s.Image, s.Prompt = &loss, &loss
				}
				if err := p.step(s); err != nil {
					t.Fatal(err)
				}
			}
			p.end()
		}
		return out.String()
	}
	lines := report(false)
	for _, part := range []string{"picture 1 of 2, seed 0\n", "seed 0, step 1 of 3: L_att 0.500, ", "picture 2 of 2, seed 1\n",
		"seed 1, step 3 of 3: L_att 0.500, L_img 1.000, L_prompt 1.000, 0s left\n"} {
		if !strings.Contains(lines, part) {
			t.Errorf("the lines have no %q:\n%s", part, lines)
		}
	}
	bar := report(true)
	for _, part := range []string{"picture 2 of 2, seed 1\n", "(1/3)", "L_prompt 1.000, 0s left"} {
		if !strings.Contains(bar, part) {
			t.Errorf("the bar has no %q: %q", part, bar)
		}
	}
	bar = regexp.MustCompile("\x1b\\[[02]K").ReplaceAllString(bar, "") // what clears a line
	for line := range strings.FieldsFuncSeq(bar, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if n := utf8.RuneCountInString(line); n >= 80 {
			t.Errorf("a line of %d characters does not fit on a terminal: %q", n, line)
		}
	}
}

// TestTimeLeft reckons with what refinement costs and with later pictures.
func TestTimeLeft(t *testing.T) {
	g := newGenerator(t)
	plain, refined := g.Work(0), g.Work(2)
	if refined <= plain {
		t.Fatalf("a step costs %g, with refinement %g", plain, refined)
	}
	synctest.Test(t, func(t *testing.T) { // where time passes only in sleep
		p := newProgress(g, 3)
		p.picture, p.done = 2, g.Work(0)
		time.Sleep(1000 * time.Second)
		want := 1000 * (plain + refined + 2*plain + refined) / plain // of this picture, and one more
		if got := p.left(1).Seconds(); math.Abs(got-want) > 1 {
			t.Errorf("%g s left, want %g", got, want)
		}
	})
}
