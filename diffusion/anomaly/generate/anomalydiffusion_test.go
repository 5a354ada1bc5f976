package generate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/tensor"
)

// crack is what nobody has trained yet: a crack's own word, and an encoder that says nothing.
func crack(t *testing.T, p *diffusion.Pipeline) *Learned {
	t.Helper()
	o := DefaultLearn()
	o.Word, o.Initial, o.Template = "<mine>", "crack", "a photo of a hazelnut with a {}"
	o.Words, o.EncoderWords = 2, 1
	l, err := NewLearned(t.Context(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// inTheMiddle is a place of 40×32 pixels on the part of demo.Picture.
func inTheMiddle() *image.Gray { return placeOf(128, 128, image.Rect(44, 48, 84, 80)) }

// shortAnomalyDiffusion takes five steps to a mask that is the place.
func shortAnomalyDiffusion() AnomalyDiffusionOptions {
	o := DefaultAnomalyDiffusion()
	o.Steps, o.Masks.Kind, o.Foreground, o.Adaptive = 5, PlaceMask, Everywhere, true
	return o
}

func newAnomalyDiffusion(t *testing.T, p *diffusion.Pipeline, l *Learned, o AnomalyDiffusionOptions) *AnomalyDiffusion {
	t.Helper()
	g, err := NewAnomalyDiffusion(t.Context(), p, l, 128, 128, o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func generated(t *testing.T, g *AnomalyDiffusion, seed uint64) anomaly.Result {
	t.Helper()
	r, err := g.Generate(t.Context(), anomaly.Input{Normal: demo.Picture(), Place: inTheMiddle()}, anomaly.NewDraws(seed))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAnomalyDiffusion wants a defect inside the mask and the photograph outside it, what made it, and the same again of
// the same draws, at once too.
func TestAnomalyDiffusion(t *testing.T) {
	p := demoPipeline(t)
	o := shortAnomalyDiffusion()
	o.Margin = 0
	g, in := newAnomalyDiffusion(t, p, crack(t, p), o), anomaly.Input{Normal: demo.Picture(), Place: inTheMiddle()}
	noted := anomaly.NewRecorder(anomaly.NewDraws(4))
	got, err := g.Generate(t.Context(), in, noted)
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for i, m := range got.Mask.Pix {
		same := bytes.Equal(got.Picture.Pix[4*i:][:4], in.Normal.Pix[4*i:][:4])
		if m == 0 && !same {
			t.Fatalf("pixel %d is outside the mask, and has changed", i)
		}
		if !same {
			differ++
		}
	}
	if !bytes.Equal(got.Mask.Pix, in.Place.Pix) || differ < 40*32/2 || got.Stray != 0 || got.Defect != "anomalydiffusion" || got.Soft.Validate() != nil {
		t.Errorf("%d pixels of the mask changed; stray %g, defect %q", differ, got.Stray, got.Defect)
	}
	how := got.Provenance.(Provenance)
	said := how.Options.(anomalyDiffusionNoted)
	o.Template = "a photo of a hazelnut with a {}"
	if how.Generator != "AnomalyDiffusion" || len(how.Model) == 0 || len(how.Texts) == 0 || len(how.Notes) != 0 || !cmp.Equal(said.AnomalyDiffusionOptions, o) || said.Learned.Word != "<mine>" {
		t.Errorf("provenance %+v", how)
	}
	if _, err := json.Marshal(how); err != nil {
		t.Error(err)
	}
	if log := noted.Log(); len(log) != 1 || log[0].B != math.MaxInt32 {
		t.Errorf("draws %+v, want the seed", log)
	}
	var all sync.WaitGroup
	for _, d := range []anomaly.Draws{anomaly.NewPlayer(noted.Log()), anomaly.NewDraws(4)} {
		all.Go(func() {
			again, err := g.Generate(t.Context(), in, d)
			if err != nil || !cmp.Equal(got.Picture, again.Picture) || !cmp.Equal(got.Provenance, again.Provenance) {
				t.Errorf("the same draws give another picture (%v)", err)
			}
		})
	}
	all.Wait()
}

// TestAnomalyDiffusionOptions: each option has its effect, and reweighting alone takes attention apart.
func TestAnomalyDiffusionOptions(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the model for seconds")
	}
	p := demoPipeline(t)
	l := crack(t, p)
	want := generated(t, newAnomalyDiffusion(t, p, l, shortAnomalyDiffusion()), 4)
	for name, change := range map[string]func(o *AnomalyDiffusionOptions){
		"not adaptive": func(o *AnomalyDiffusionOptions) { o.Adaptive = false },
		"released":     func(o *AnomalyDiffusionOptions) { o.Preset = Released },
		"template":     func(o *AnomalyDiffusionOptions) { o.Template = "a {}" },
		"eta":          func(o *AnomalyDiffusionOptions) { o.Eta = 0 },
		"guidance":     func(o *AnomalyDiffusionOptions) { o.Guidance = 4 },
		"dilate":       func(o *AnomalyDiffusionOptions) { o.Dilate = 30 },
		"high":         func(o *AnomalyDiffusionOptions) { o.High = 3 },
		"margin":       func(o *AnomalyDiffusionOptions) { o.Margin = 20 },
	} {
		o := shortAnomalyDiffusion()
		change(&o)
		g := newAnomalyDiffusion(t, p, l, o)
		if got := generated(t, g, 4); !cmp.Equal(got.Mask, want.Mask) || cmp.Equal(got.Picture, want.Picture) {
			t.Errorf("%s: the same picture, or another mask", name)
		}
		if (g.adaptive != nil) != o.Adaptive || (g.model == nil) != o.Adaptive {
			t.Errorf("%s: adaptive %v, and attention taken apart: %v", name, o.Adaptive, g.adaptive != nil)
		}
	}
	o := shortAnomalyDiffusion()
	o.Paste = false
	if got := generated(t, newAnomalyDiffusion(t, p, l, o), 4); got.Stray < 0.5 {
		t.Errorf("without paste %g of what changed is outside the mask", got.Stray)
	}
	if cracked := l.Vectors(nil, 0, 0); !slices.Equal(cracked[:128], cracked[256:]) {
		t.Error("before training b is not the initial word's vector")
	}
}

// TestWhereTheDefectIs: what an encoder has learned of a place moves the picture, and nothing but its own vectors.
func TestWhereTheDefectIs(t *testing.T) {
	p := demoPipeline(t)
	l := crack(t, p)
	want := generated(t, newAnomalyDiffusion(t, p, l, shortAnomalyDiffusion()), 4)
	before := l.Vectors(greyShares(inTheMiddle()), 128, 128)
	for i, w := 0, l.Parameters()[1].Values; i < len(w); i++ {
		w[i] = float32(i%7-3) / 50
	}
	after := l.Vectors(greyShares(inTheMiddle()), 128, 128)
	if n := 2 * 128; !slices.Equal(before[:n], after[:n]) || slices.Equal(before[n:], after[n:]) {
		t.Error("W moves e_a, or not e_s")
	}
	if got := generated(t, newAnomalyDiffusion(t, p, l, shortAnomalyDiffusion()), 4); cmp.Equal(got.Picture, want.Picture) {
		t.Error("what was learned of the place says nothing")
	}
}

// TestNothingInside: with nothing inside the mask the latent is the photograph's, and what is pasted is the photograph, bit
// for bit.
func TestNothingInside(t *testing.T) {
	p := demoPipeline(t)
	g := newAnomalyDiffusion(t, p, crack(t, p), shortAnomalyDiffusion())
	run := anomalyDiffusionRun{AnomalyDiffusion: g, normal: demo.Picture()}
	nothing := image.NewGray(image.Rect(0, 0, 128, 128))
	made, err := run.picture(t.Context(), nothing, make([]float32, 16*16), 4)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(made.Pix, run.normal.Pix) {
		t.Error("the model gives the photograph itself")
	}
	if got := pasteAround(run.normal, made, nothing, nil, 2); !bytes.Equal(got.Pix, run.normal.Pix) {
		t.Error("with an empty mask the picture is not the photograph")
	}
	everywhere := placeOf(128, 128, image.Rect(0, 0, 128, 128))
	if got := pasteAround(run.normal, made, everywhere, nil, 2); !bytes.Equal(got.Pix, made.Pix) {
		t.Error("with a mask everywhere the picture is not the model's")
	}
}

// TestMargin: next to the mask the picture is a mixture, within the place alone.
func TestMargin(t *testing.T) {
	black, white := image.NewRGBA(image.Rect(0, 0, 20, 16)), image.NewRGBA(image.Rect(0, 0, 20, 16))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	row := func(place *image.Gray, margin float64) (row []uint8) {
		got := pasteAround(black, white, placeOf(20, 16, image.Rect(5, 0, 20, 16)), place, margin)
		for x := range 7 {
			row = append(row, got.Pix[4*x])
		}
		return row
	}
	if got, want := row(nil, 2), []uint8{0, 0, 0, 85, 170, 255, 255}; !slices.Equal(got, want) {
		t.Errorf("levels %v, want %v", got, want)
	}
	if got, want := row(placeOf(20, 16, image.Rect(4, 0, 20, 16)), 2), []uint8{0, 0, 0, 0, 170, 255, 255}; !slices.Equal(got, want) {
		t.Errorf("levels in a place %v, want %v", got, want)
	}
	if got, want := row(nil, 0), []uint8{0, 0, 0, 0, 0, 255, 255}; !slices.Equal(got, want) {
		t.Errorf("levels without a margin %v, want %v", got, want)
	}
}

// TestThinMask: a place that covers no cell is refused, with what would do; of drawn masks it is a try that failed.
func TestThinMask(t *testing.T) {
	p := demoPipeline(t)
	l := crack(t, p)
	in := anomaly.Input{Normal: demo.Picture(), Place: placeOf(128, 128, image.Rect(48, 48, 51, 80))}
	o := shortAnomalyDiffusion()
	o.Share = 0.5
	_, err := newAnomalyDiffusion(t, p, l, o).Generate(t.Context(), in, anomaly.NewDraws(1))
	if says := "it does in a picture of 256×256, and a mask that is 16 pixels wide"; !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
		t.Errorf("%v, want ErrArgument with %q", err, says)
	}
	o.Share = 0.2
	if _, err := newAnomalyDiffusion(t, p, l, o).Generate(t.Context(), in, anomaly.NewDraws(1)); err != nil {
		t.Errorf("a smaller share: %v", err)
	}
	l.Masks = []*image.Gray{placeOf(128, 128, image.Rect(48, 48, 50, 80))}
	o.Masks.Kind, o.Attempts, o.Share = ExampleMask, 3, 0.5
	_, err = newAnomalyDiffusion(t, p, l, o).Generate(t.Context(), anomaly.Input{Normal: demo.Picture()}, anomaly.NewDraws(1))
	if !errors.Is(err, anomaly.ErrNothingChanged) || !strings.Contains(err.Error(), "3 masks covered no cell") {
		t.Errorf("thin examples: %v", err)
	}
}

func TestAnomalyDiffusionRefuses(t *testing.T) {
	p := demoPipeline(t)
	l := crack(t, p)
	for says, change := range map[string]func(o *AnomalyDiffusionOptions){
		"template is":         func(o *AnomalyDiffusionOptions) { o.Template = "a hazelnut" },
		"has {} once":         func(o *AnomalyDiffusionOptions) { o.Template = "{} {}" },
		"the template: ":      func(o *AnomalyDiffusionOptions) { o.Template = strings.Repeat("a hazelnut ", 40) + "{}" },
		"eta is NaN":          func(o *AnomalyDiffusionOptions) { o.Eta = math.NaN() },
		"at most high":        func(o *AnomalyDiffusionOptions) { o.Low = 2 },
		"share is 1":          func(o *AnomalyDiffusionOptions) { o.Share = 1 },
		"the examples' scale": func(o *AnomalyDiffusionOptions) { o.Examples.Scale = 1 },
		"masks are":           func(o *AnomalyDiffusionOptions) { o.Masks.Kind = "" },
	} {
		o := shortAnomalyDiffusion()
		change(&o)
		if _, err := NewAnomalyDiffusion(t.Context(), p, l, 128, 128, o); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one with %q", err, says)
		}
	}
	wide, err := LearnedOf(&diffusion.Embedding{Word: "<x>", Vectors: tensor.FromFloat32s(make([]float32, 768), 1, 768)})
	if err != nil {
		t.Fatal(err)
	}
	o := shortAnomalyDiffusion()
	o.Template = "a {}"
	if _, err := NewAnomalyDiffusion(t.Context(), p, wide, 128, 128, o); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "768") {
		t.Errorf("vectors of another width: %v", err)
	}
	if _, err := NewAnomalyDiffusion(t.Context(), p, l, 128, 100, shortAnomalyDiffusion()); !errors.Is(err, ErrArgument) {
		t.Errorf("a width of 100: %v", err)
	}

	other := crack(t, p)
	other.Model = strings.Repeat("0", 64)
	r := generated(t, newAnomalyDiffusion(t, p, other, shortAnomalyDiffusion()), 4)
	if notes := r.Provenance.(Provenance).Notes; len(notes) != 1 || !strings.Contains(notes[0], "another model") {
		t.Errorf("learned with another model: notes %q", notes)
	}

	g := newAnomalyDiffusion(t, p, l, shortAnomalyDiffusion())
	if _, err := g.Generate(t.Context(), anomaly.Input{Normal: image.NewRGBA(image.Rect(0, 0, 64, 64))}, untouched{t: t}); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "was made for 128×128") {
		t.Errorf("a picture of another size: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := g.Generate(ctx, anomaly.Input{Normal: demo.Picture(), Place: inTheMiddle()}, ending{anomaly.NewDraws(4), cancel}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	p.Close()
	if _, err := g.Generate(t.Context(), anomaly.Input{Normal: demo.Picture(), Place: inTheMiddle()}, anomaly.NewDraws(4)); !errors.Is(err, diffusion.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// ending ends a context when the seed is drawn: the model has not begun.
type ending struct {
	anomaly.Draws
	cancel func()
}

func (e ending) Whole(lo, hi int) int {
	e.cancel()
	return e.Draws.Whole(lo, hi)
}
