package anomalyany

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

const (
	modelA = testdata + "/models/a"
	side   = 128 // of the pictures; latents are 16×16 and maps 4×4
)

// photograph is a picture of noise, [1, 3, 128, 128].
func photograph() *gt.Dense {
	return tensor.FromFloat32s(tensor.NewRand(3).Randn(3*side*side), 1, 3, side, side)
}

// short are the options of a run of four steps, the last with refinement.
func short() Options {
	o := Paper()
	o.Prompt, o.Words = "a photo of a hazelnut with a crack on it", []string{"crack"}
	o.Detail = "a deep crack across the hazelnut"
	o.Steps, o.Refine = 5, 1
	return o
}

// left is a mask of the left half.
func left() []float32 {
	mask := make([]float32, side*side)
	for i := range mask {
		if i%side < side/2 {
			mask[i] = 1
		}
	}
	return mask
}

// ready is a Generator with a photograph of its own.
type ready struct {
	*Generator
	in *Photograph
}

// newGenerator is a Generator and a photograph that may change everywhere.
func newGenerator(t *testing.T, p *diffusion.Pipeline, o Options) ready {
	t.Helper()
	return newMasked(t, p, o, nil)
}

func newMasked(t *testing.T, p *diffusion.Pipeline, o Options, mask []float32) ready {
	t.Helper()
	g, err := New(t.Context(), p, side, side, o)
	if err != nil {
		t.Fatal(err)
	}
	return ready{g, encoded(t, g, photograph(), mask)}
}

func encoded(t *testing.T, g *Generator, picture *gt.Dense, mask []float32) *Photograph {
	t.Helper()
	in, err := g.Encode(t.Context(), picture, mask)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func generate(t *testing.T, g ready, seed uint64) *Result {
	t.Helper()
	r, err := g.Run(t.Context(), g.in, seed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// numbers is what a result consists of.
func (r *Result) numbers() [][]float32 {
	return [][]float32{tensor.Float32s(r.Image), r.SoftMap, {r.Threshold}, r.Mask, tensor.Float32s(r.Embedding)}
}

// TestSeeds runs one seed twice, in one generator and in another, and a second
// seed.
func TestSeeds(t *testing.T) {
	p := openModel(t, modelA)
	g := newGenerator(t, p, short())
	first, other := generate(t, g, 7), generate(t, g, 8)
	for name, again := range map[string]*Result{"generator": generate(t, g, 7), "another generator": generate(t, newGenerator(t, p, short()), 7)} {
		if !cmp.Equal(first.numbers(), again.numbers()) || !cmp.Equal(first.Trace, again.Trace) {
			t.Errorf("%s: a second run of one seed gives something else", name)
		}
	}
	if cmp.Equal(tensor.Float32s(first.Image), tensor.Float32s(other.Image)) {
		t.Error("two seeds give one picture")
	}
	if diff := cmp.Diff(tensor.NewRand(7).Randn(4*16*16), g.Noises(g.in, 7).Initial); diff != "" {
		t.Errorf("the noise of a seed is not torch's: %s", diff)
	}
}

// TestMaskKeepsThePhotograph may change the left half only.
func TestMaskKeepsThePhotograph(t *testing.T) {
	p := openModel(t, modelA)
	normal, err := p.EncodeImage(t.Context(), photograph())
	if err != nil {
		t.Fatal(err)
	}
	var last []float32
	g := newMasked(t, p, short(), left())
	r, err := g.Run(t.Context(), g.in, 1, func(s Step) error {
		last = slices.Clone(s.Latent.Floats())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i, v := range normal.Floats() {
		switch inside := i%16 < 8; {
		case !inside && last[i] != v:
			t.Fatalf("outside the mask element %d of the latent is %g, the photograph's %g", i, last[i], v)
		case inside && last[i] != v:
			changed++
		}
	}
	if changed < 4*16*8*9/10 {
		t.Errorf("inside the mask only %d of %d elements changed", changed, 4*16*8)
	}
	for i, v := range r.SoftMap {
		if x := i % side; v != 0 && x >= side/2+side/8 { // half a cell of 32 pixels further, from interpolation
			t.Fatalf("the soft map is %g at column %d, outside the mask", v, x)
		}
	}
	for i, v := range r.Mask {
		if v != 0 && i%side >= side/2 {
			t.Fatalf("the annotation has column %d, outside the mask", i%side)
		}
	}
	if slices.Max(r.Mask) != 1 || slices.Min(r.Mask) != 0 {
		t.Errorf("the annotation goes from %g to %g, want 0 and 1", slices.Min(r.Mask), slices.Max(r.Mask))
	}
}

// TestWords takes the largest loss of several tokens.
func TestWords(t *testing.T) {
	p := openModel(t, modelA)
	losses := map[string]float64{}
	for word, tokens := range map[string][]int{"hazelnut": {5}, "bent nail": {8, 9, 10, 11, 12}, "bent": {8}, "nail": {9, 10, 11, 12}, "nail,bent,nail": {8, 9, 10, 11, 12}} {
		o := short()
		o.Prompt, o.Words, o.Steps, o.Refine = "a photo of a hazelnut with a bent nail in it", strings.Split(word, ","), 1, 0
		g := newGenerator(t, p, o)
		if diff := cmp.Diff(tokens, g.Tokens()); diff != "" {
			t.Errorf("%s: tokens, want -, got +:\n%s", word, diff)
		}
		losses[word] = generate(t, g, 2).Trace[0].Attention
	}
	for _, both := range []string{"bent nail", "nail,bent,nail"} {
		if want := math.Max(losses["bent"], losses["nail"]); losses[both] != want {
			t.Errorf("L_att of %q is %g, of the one that is seen less %g", both, losses[both], want)
		}
	}
	if losses["bent"] == losses["nail"] {
		t.Error("L_att of two words is the same")
	}
}

// TestCorners runs options at the ends of their ranges.
func TestCorners(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	p := openModel(t, modelA)
	for name, c := range map[string]struct {
		change  func(o *Options)
		run     int // timesteps
		refined int
		first   int // timestep
	}{
		"R = 0":          {func(o *Options) { o.Refine = 0 }, 4, 0, 601},
		"R by rule":      {func(o *Options) { o.Refine = Auto }, 4, 1, 601},
		"R beyond S":     {func(o *Options) { o.Refine = 100 }, 4, 4, 601},
		"γ = 0":          {func(o *Options) { o.Gamma = 0 }, 5, 1, 801},
		"γ = 0.99":       {func(o *Options) { o.Gamma = 0.99 }, 1, 1, 1},
		"γT whole":       {func(o *Options) { o.Gamma = 0.6 }, 2, 1, 201}, // 0.6·5 is a little less than 3
		"T = 1":          {func(o *Options) { o.Steps = 1 }, 1, 1, 1},
		"T = 3, no R":    {func(o *Options) { o.Steps, o.Refine = 3, Auto }, 3, 0, 667},
		"λ = μ = η = 0":  {func(o *Options) { o.Lambda, o.Mu, o.EtaE = 0, 0, 0 }, 4, 1, 601},
		"other maps":     {func(o *Options) { o.MapHeight, o.MapWidth = 16, 16 }, 4, 1, 601},
		"no guidance":    {func(o *Options) { o.Guidance = 1 }, 4, 1, 601},
		"detail missing": {func(o *Options) { o.Detail = "" }, 4, 1, 601},
		"little memory":  {func(o *Options) { o.Memory = 64 << 20 }, 4, 1, 601},
	} {
		o := short()
		c.change(&o)
		g := newGenerator(t, p, o)
		if g.Steps() != c.run || g.RefineSteps() != c.refined {
			t.Errorf("%s: %d steps, %d of them refined; want %d and %d", name, g.Steps(), g.RefineSteps(), c.run, c.refined)
		}
		r := generate(t, g, 1)
		refined := 0
		for i, s := range r.Trace {
			if s.Image != nil {
				refined++
				if i < len(r.Trace)-c.refined {
					t.Errorf("%s: step %d refines", name, i)
				}
			}
		}
		if len(r.Trace) != c.run || refined != c.refined {
			t.Errorf("%s: a trace of %d steps, %d of them refined; want %d and %d", name, len(r.Trace), refined, c.run, c.refined)
		}
		if r.Trace[0].T != c.first {
			t.Errorf("%s: starts at timestep %d, want %d", name, r.Trace[0].T, c.first)
		}
		if top := slices.Max(r.SoftMap); !(top > 0 && top <= 1) {
			t.Errorf("%s: the soft map's largest value is %g", name, top)
		}
	}
}

// TestWork compares what steps are said to cost with what they run.
func TestWork(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	ran := 0.0
	ctx := nn.WithTrace(t.Context(), func(e nn.Executed) { ran += float64(e.FLOPs) })
	_, err := g.Run(ctx, g.in, 1, func(s Step) error {
		if want := g.Work(s.I); ran != want {
			t.Errorf("step %d: %g FLOPs ran, Work says %g", s.I, ran, want)
		}
		ran = 0
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if g.Work(0) >= g.Work(3) {
		t.Errorf("a step costs %g, with refinement %g", g.Work(0), g.Work(3))
	}
}

// TestObserverEndsTheRun and so does a context, between two steps.
func TestObserverEndsTheRun(t *testing.T) {
	p := openModel(t, modelA)
	g := newGenerator(t, p, short())
	enough := errors.New("enough")
	if _, err := g.Run(t.Context(), g.in, 1, func(Step) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v, want the observer's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	r, err := g.Run(ctx, g.in, 1, func(s Step) error {
		if seen++; s.I == 1 {
			cancel()
		}
		return nil
	})
	if r != nil || seen != 2 || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "step 3 of 4") {
		t.Errorf("after %d steps: %v; want context.Canceled in step 3 of 4", seen, err)
	}
	if _, err := New(ctx, p, side, side, short()); !errors.Is(err, context.Canceled) {
		t.Errorf("New under a cancelled context: %v", err)
	}
	if _, err := g.Encode(ctx, photograph(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Encode under a cancelled context: %v", err)
	}
}

func TestAtLeastMean(t *testing.T) {
	for _, c := range []struct {
		v    []float32
		want int
	}{{[]float32{0, 0, 0}, 3}, {[]float32{1, 2, 3}, 2}, {[]float32{0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}, 7}, {[]float32{0, 0, 9}, 1}} {
		if got := atLeastMean(c.v); got != c.want {
			t.Errorf("%v: %d, want %d", c.v, got, c.want)
		}
	}
}

// TestSoftMap averages maps of which one is zero.
func TestSoftMap(t *testing.T) {
	m := newSoftMap(1, 2)
	m.add([]float32{2, 4})
	m.add([]float32{0, 0})
	got, err := m.resized(1, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{0.25, 0.5}, got); diff != "" {
		t.Error(diff)
	}
}

// TestWithoutCLIP refines nothing and needs no CLIP.
func TestWithoutCLIP(t *testing.T) {
	p := openModel(t, filepath.Clean(modelA), diffusion.WithoutCLIP())
	if _, err := New(t.Context(), p, side, side, short()); !errors.Is(err, diffusion.ErrNoCLIP) {
		t.Errorf("refinement: %v, want ErrNoCLIP", err)
	}
	o := short()
	o.Refine = 0
	generate(t, newGenerator(t, p, o), 1)
}
