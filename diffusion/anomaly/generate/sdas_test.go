package generate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/demo"
)

// demoPipeline is the small model.
func demoPipeline(t *testing.T) *diffusion.Pipeline {
	t.Helper()
	p, err := demo.Open(t.Context(), diffusion.WithoutCLIP())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// shortSDAS takes five steps to the part of demo.Picture.
func shortSDAS(strength float64) SDASOptions {
	o := DefaultSDAS()
	o.Prompt, o.Steps, o.Strength = "a photo of a hazelnut", 5, [2]float64{strength, strength}
	return o
}

func newSDAS(t *testing.T, p *diffusion.Pipeline, o SDASOptions) *SDAS {
	t.Helper()
	side := demo.Picture().Rect.Dx()
	g, err := NewSDAS(t.Context(), p, side, side, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// measured is the measured strength of a picture of a seed.
func measured(t *testing.T, g *SDAS, seed uint64) (r anomaly.Result, levels float64) {
	t.Helper()
	r, err := g.Generate(t.Context(), anomaly.Input{Normal: demo.Picture()}, anomaly.NewDraws(seed))
	if err != nil {
		t.Fatal(err)
	}
	levels, _ = r.Provenance.(Provenance).Measured[measuredStrength].(float64)
	return r, levels
}

// TestSDAS wants another look inside the mask and the normal picture outside it, the mask on the part, the draws in their
// order, and the same again of the same draws.
func TestSDAS(t *testing.T) {
	p := demoPipeline(t)
	o := shortSDAS(0)
	o.Strength = [2]float64{0.5, 1.5}
	g, in := newSDAS(t, p, o), anomaly.Input{Normal: demo.Picture()}
	noted := anomaly.NewRecorder(anomaly.NewDraws(4))
	got, err := g.Generate(t.Context(), in, noted)
	if err != nil {
		t.Fatal(err)
	}
	part, _ := Found.mask(in.Normal)
	inside, differ := 0, 0
	for i, m := range got.Mask.Pix {
		same := bytes.Equal(got.Picture.Pix[4*i:][:4], in.Normal.Pix[4*i:][:4])
		if m == 0 && !same {
			t.Fatalf("pixel %d is outside the mask, and has changed", i)
		}
		if m == 0 {
			continue
		}
		if inside++; !same {
			differ++
		}
		if part.Pix[i] == 0 {
			t.Fatalf("pixel %d of the mask is not on the part", i)
		}
	}
	if inside == 0 || differ < inside/2 || got.Stray != 0 || got.Defect != "sdas" || got.Soft.Validate() != nil {
		t.Errorf("%d of %d pixels of the mask changed; stray %g, defect %q", differ, inside, got.Stray, got.Defect)
	}

	how := got.Provenance.(Provenance)
	if levels, ok := how.Measured[measuredStrength].(float64); !ok || !(levels >= 1) || how.Generator != "SDAS" || len(how.Model) == 0 || len(how.Texts) == 0 || how.Pictures["normal"] != Digest(in.Normal) || !cmp.Equal(how.Options, any(o)) {
		t.Errorf("provenance %+v", how)
	}
	if _, err := json.Marshal(how); err != nil {
		t.Error(err)
	}
	log := noted.Log()
	if first, second, last := log[0], log[1], log[len(log)-1]; first.A != 0.5 || first.B != 1.5 || second.B != math.MaxInt32 || last.A != 0.5 || last.B != 1 {
		t.Errorf("draws %+v, want the strength, the seed, the mask and the weight", log)
	}
	player := anomaly.NewPlayer(log)
	var all sync.WaitGroup
	for _, d := range []anomaly.Draws{player, anomaly.NewDraws(4)} { // at once
		all.Go(func() {
			again, err := g.Generate(t.Context(), in, d)
			if err != nil || !cmp.Equal(got.Picture, again.Picture) || !cmp.Equal(got.Mask, again.Mask) || !cmp.Equal(got.Provenance, again.Provenance) {
				t.Errorf("the same draws give another picture (%v)", err)
			}
		})
	}
	all.Wait()
	if err := player.Err(); err != nil {
		t.Error(err)
	}
}

// TestStrength: more of it does more, none is what the control is, and nothing changed.
func TestStrength(t *testing.T) {
	p := demoPipeline(t)
	half, weak := measured(t, newSDAS(t, p, shortSDAS(0.5)), 4)
	_, strong := measured(t, newSDAS(t, p, shortSDAS(2)), 4)
	if !(weak > 1 && strong > 1.5*weak) {
		t.Errorf("strengths of 0.5 and 2 do %g and %g levels", weak, strong)
	}

	o := shortSDAS(0)
	o.Attempts = 2
	_, err := newSDAS(t, p, o).Generate(t.Context(), anomaly.Input{Normal: demo.Picture()}, anomaly.NewDraws(4))
	if !errors.Is(err, anomaly.ErrNothingChanged) || !strings.Contains(err.Error(), "did 0 of a level") {
		t.Errorf("no strength: error %v", err)
	}
	o.Control = false
	without, levels := measured(t, newSDAS(t, p, o), 4)
	if levels != 0 || cmp.Equal(without.Picture, half.Picture) {
		t.Errorf("without control: %g levels, or the picture of another strength", levels)
	}
	o.Strength = [2]float64{0.5, 0.5}
	if again, _ := measured(t, newSDAS(t, p, o), 4); !cmp.Equal(again.Picture, half.Picture) {
		t.Error("a picture without a control is another")
	}
}

// TestSDASOptions: guidance, the start and a given place have their effects.
func TestSDASOptions(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the model for seconds")
	}
	p := demoPipeline(t)
	plain := newSDAS(t, p, shortSDAS(1))
	if n := len(plain.guidance.Prompts()); n != 1 {
		t.Errorf("a guidance of 1 takes %d passes, want 1", n)
	}
	want, _ := measured(t, plain, 4)
	for name, change := range map[string]func(o *SDASOptions){
		"guidance":         func(o *SDASOptions) { o.Guidance = 3 },
		"prompt":           func(o *SDASOptions) { o.Prompt = "a photo of a cookie" },
		"from the picture": func(o *SDASOptions) { o.Start = 0.6 },
		"weight":           func(o *SDASOptions) { o.Weight = [2]float64{0.1, 0.2} },
	} {
		o := shortSDAS(1)
		change(&o)
		got, _ := measured(t, newSDAS(t, p, o), 4)
		if !cmp.Equal(got.Mask, want.Mask) || cmp.Equal(got.Picture, want.Picture) {
			t.Errorf("%s: the same picture, or another mask", name)
		}
	}

	o := shortSDAS(1)
	o.Masks.Kind, o.Foreground = PlaceMask, Everywhere
	in := anomaly.Input{Normal: demo.Picture(), Place: placeOf(128, 128, image.Rect(40, 50, 70, 90))}
	got, err := newSDAS(t, p, o).Generate(t.Context(), in, anomaly.NewDraws(1))
	if err != nil || !bytes.Equal(got.Mask.Pix, in.Place.Pix) {
		t.Errorf("the mask is not the place that was given: %v", err)
	}
}

// cancelling ends a context when the last draw is made: the model has not begun.
type cancelling struct {
	anomaly.Draws
	cancel func()
}

func (c cancelling) Uniform(lo, hi float64) float64 {
	if lo == 0.5 && hi == 1 {
		c.cancel()
	}
	return c.Draws.Uniform(lo, hi)
}

func TestSDASRefuses(t *testing.T) {
	p := demoPipeline(t)
	nan := math.NaN()
	for says, change := range map[string]func(o *SDASOptions){
		"prompt is empty":                 func(o *SDASOptions) { o.Prompt = "" },
		"guidance is NaN":                 func(o *SDASOptions) { o.Guidance = nan },
		"strength is 1 to 0.5":            func(o *SDASOptions) { o.Strength = [2]float64{1, 0.5} },
		"strength is -1 to 0":             func(o *SDASOptions) { o.Strength = [2]float64{-1, 0} },
		"steps is 0":                      func(o *SDASOptions) { o.Steps = 0 },
		"steps is 1001":                   func(o *SDASOptions) { o.Steps = 1001 },
		"start is 0":                      func(o *SDASOptions) { o.Start = 0 },
		"start is NaN":                    func(o *SDASOptions) { o.Start = nan },
		"start is 1.5":                    func(o *SDASOptions) { o.Start = 1.5 },
		"start 0.2 of 5 steps is 1, want": func(o *SDASOptions) { o.Start = 0.2 },
		"masks are":                       func(o *SDASOptions) { o.Masks = Masks{} },
		"foreground is":                   func(o *SDASOptions) { o.Foreground = "" },
		"weight is 0 to 2":                func(o *SDASOptions) { o.Weight = [2]float64{0, 2} },
		"attempts is 0":                   func(o *SDASOptions) { o.Attempts = 0 },
	} {
		o := shortSDAS(1)
		change(&o)
		if _, err := NewSDAS(t.Context(), p, 128, 128, o); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one with %q", err, says)
		}
	}
	if _, err := NewSDAS(t.Context(), p, 128, 100, shortSDAS(1)); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "multiples of") {
		t.Errorf("a width of 100: %v", err)
	}

	g := newSDAS(t, p, shortSDAS(1))
	small := anomaly.Input{Normal: image.NewRGBA(image.Rect(0, 0, 128, 64))}
	drawn := anomaly.NewRecorder(anomaly.NewDraws(1))
	if _, err := g.Generate(t.Context(), small, drawn); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "128×64 pixels, this SDAS was made for 128×128") {
		t.Errorf("a picture of another size: %v", err)
	}
	if n := len(drawn.Log()); n > 0 {
		t.Errorf("%d draws before the refusal", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := g.Generate(ctx, anomaly.Input{Normal: demo.Picture()}, cancelling{anomaly.NewDraws(4), cancel}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	p.Close()
	if _, err := g.Generate(t.Context(), anomaly.Input{Normal: demo.Picture()}, anomaly.NewDraws(4)); !errors.Is(err, diffusion.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
