package anomalyany

import (
	"encoding/json"
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
)

// shortReleased are the options of a run of two steps, the last of which CLIP
// sees.
func shortReleased() Options {
	o := Released()
	o.Prompt, o.Normal, o.Words = "a photo of a hazelnut with a crack on it", "a photo of a hazelnut", []string{"crack"}
	o.Steps, o.Released.Tail = 4, 1
	return o
}

// TestReleasedNoises draws from one generator, and fresh noise for a mask only.
func TestReleasedNoises(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	p := openModel(t, modelA)
	o := shortReleased()
	const size = 4 * 16 * 16
	r := tensor.NewRand(7)
	want := Noises{Initial: r.Randn(size), Encoder: r.Randn(size)}
	g := newGenerator(t, p, o)
	if diff := cmp.Diff(want, g.Noises(g.in, 7)); diff != "" {
		t.Errorf("without a mask: %s", diff)
	}
	first, again := generate(t, g, 7), generate(t, g, 7)
	if !cmp.Equal(first.numbers(), again.numbers()) || !cmp.Equal(first.Trace, again.Trace) {
		t.Error("a second run of one seed gives something else")
	}
	g.in = encoded(t, g.Generator, photograph(), slices.Repeat([]float32{1, 0}, side*side/2)) // the nearest pixels are in even columns
	want.Fresh = [][]float32{r.Randn(size), r.Randn(size)}
	if diff := cmp.Diff(want, g.Noises(g.in, 7)); diff != "" {
		t.Errorf("with a mask: %s", diff)
	}
	if !cmp.Equal(first.numbers()[0], generate(t, g, 7).numbers()[0]) {
		t.Error("a mask that lets everything change changes the picture")
	}
	for name, n := range map[string]Noises{
		"noise":               {want.Initial[1:], want.Encoder, want.Fresh},
		"the encoder's noise": {want.Initial, nil, want.Fresh},
		"fresh noise":         {want.Initial, want.Encoder, want.Fresh[:1]},
		"of fresh noise":      {want.Initial, want.Encoder, [][]float32{want.Initial, nil}},
	} {
		if _, err := g.RunNoises(t.Context(), g.in, n, nil); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want an error about %q", err, name)
		}
	}
}

// TestReleasedMask keeps the photograph, with fresh noise, outside the mask.
func TestReleasedMask(t *testing.T) {
	p := openModel(t, modelA)
	o := shortReleased()
	mask := left()
	for i := range mask {
		mask[i] *= 0.25 // what is not 0 may change
	}
	g := newMasked(t, p, o, mask)
	n := g.Noises(g.in, 3)
	schedule, err := newPNDM(p.Scheduler, o.Steps)
	if err != nil {
		t.Fatal(err)
	}
	normal := g.in.latent.Copy()
	for i := range normal.Floats() {
		normal.Floats()[i] += g.in.deviation[i] * n.Encoder[i]
	}
	_, err = g.RunNoises(t.Context(), g.in, n, func(s Step) error {
		level, err := schedule.AddNoise(normal, normal.With(n.Fresh[s.I]), float64(s.T))
		if err != nil {
			return err
		}
		want := level.Floats()
		same := 0
		for i, v := range s.Latent.Floats() {
			if i%16 >= 8 && v != want[i] {
				t.Fatalf("step %d: outside the mask element %d of the latent is %g, the photograph's %g", s.I, i, v, want[i])
			}
			if i%16 < 8 && v == want[i] {
				same++
			}
		}
		if same > 4*16*8/10 {
			t.Errorf("step %d: inside the mask %d of %d elements are the photograph's", s.I, same, 4*16*8)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNearest takes the pixels that Pillow's resize takes.
func TestNearest(t *testing.T) {
	for _, c := range []struct {
		from, to int
		want     []int
	}{{8, 2, []int{2, 6}}, {5, 5, []int{0, 1, 2, 3, 4}}, {7, 3, []int{1, 3, 5}}, {2, 4, []int{0, 0, 1, 1}}} {
		var got []int
		for i := range c.to {
			got = append(got, nearest(i, c.from, c.to))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d to %d: %v, want %v", c.from, c.to, got, c.want)
		}
	}
}

// TestReleasedTrace has the fields of the preset, as JSON has them.
func TestReleasedTrace(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), shortReleased())
	ran := 0.0
	ctx := nn.WithTrace(t.Context(), func(e nn.Executed) { ran += float64(e.FLOPs) })
	r, err := g.Run(ctx, g.in, 2, func(s Step) error {
		want := g.Work(s.I)
		if s.EarlyAttention != nil {
			want += 6 * float64(g.method.(*released).attend.step.GradFLOPs())
		}
		if ran != want {
			t.Errorf("step %d: %g FLOPs ran, Work says %g", s.I, ran, want)
		}
		ran = 0
		if _, err := s.State(); !errors.Is(err, ErrNoState) {
			t.Errorf("state: %v, want ErrNoState", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(r.Trace)
	if err != nil {
		t.Fatal(err)
	}
	var steps []map[string]any
	if err := json.Unmarshal(data, &steps); err != nil {
		t.Fatal(err)
	}
	for i, s := range steps {
		if n, _ := s["n"].([]any); len(n) != 10 || s["early"] == nil || s["L_img"] == nil || s["alpha"] != nil || s["L_prompt"] != nil {
			t.Errorf("step %d: %v", i, s)
		}
	}
	if steps[0]["L_img"] != 0.0 || steps[1]["L_img"] == 0.0 || len(steps) != 2 {
		t.Errorf("L_img of %d steps is %v and %v, want 0 in the first only", len(steps), steps[0]["L_img"], steps[1]["L_img"])
	}
	if v := tensor.Float32s(r.Image); slices.Max(v) > 1 || slices.Min(v) < -1 {
		t.Errorf("the picture goes from %g to %g", slices.Min(v), slices.Max(v))
	}
}

// TestEarlyOptimisation runs it or not, by the attention and by where it is.
func TestEarlyOptimisation(t *testing.T) {
	if testing.Short() {
		t.Skip("whole runs")
	}
	p := openModel(t, modelA)
	for name, c := range map[string]struct {
		change      func(r *ReleasedOptions)
		early, done bool
	}{
		"not seen":          {func(r *ReleasedOptions) { r.EarlyThreshold = 0.99 }, true, true},
		"seen":              {func(r *ReleasedOptions) { r.EarlyThreshold = 0 }, true, false},
		"focused":           {func(r *ReleasedOptions) { r.EarlyThreshold, r.FocusedMin, r.FocusedMax = 0.99, 0, 17 }, false, false},
		"focus at its ends": {func(r *ReleasedOptions) { r.EarlyThreshold, r.FocusedMin, r.FocusedMax = 0.99, 16, 17 }, true, true},
	} {
		o := shortReleased()
		c.change(&o.Released)
		s := generate(t, newGenerator(t, p, o), 1).Trace[0]
		if *s.Early != c.early || (s.EarlyAttention != nil) != c.done {
			t.Errorf("%s: allowed %t, done %t; want %t, %t", name, *s.Early, s.EarlyAttention != nil, c.early, c.done)
		}
	}
}

// TestReleasedSteps counts N+1 steps and those that CLIP sees, i > 0.7·N.
func TestReleasedSteps(t *testing.T) {
	for _, c := range []struct{ t, tail, run, refined int }{
		{200, Auto, 61, 18}, {4, Auto, 2, 1}, {20, Auto, 7, 2}, {12, 3, 4, 1}, {10, 10, 11, 3}, {300, Auto, 91, 28}, // 0.7·90 is a little less than 63
	} {
		o := Released()
		o.Steps, o.Released.Tail = c.t, c.tail
		if got, want := releasedCourse(o), (course{c.run, c.refined, c.refined}); got != want {
			t.Errorf("T = %d, N = %d: %+v; want %+v", c.t, c.tail, got, want)
		}
	}
}

// TestReleasedRefused is what New refuses, and what its error says.
func TestReleasedRefused(t *testing.T) {
	p := openModel(t, modelA)
	for name, c := range map[string]struct {
		change func(o *Options)
		says   string
	}{
		"preset":   {func(o *Options) { o.Preset = "neither" }, `"neither", want paper, fast or released`},
		"normal":   {func(o *Options) { o.Normal = "" }, "needs the normal prompt"},
		"ablation": {func(o *Options) { o.NoScheduler = true }, "ablations"},
		"fill":     {func(o *Options) { o.Fill = 1 }, "fill is 1: it is a number of preset paper"},
		"T":        {func(o *Options) { o.Steps, o.Released.Tail = 3, Auto }, "N is 0, want 1 to T = 3"},
		"N":        {func(o *Options) { o.Released.Tail = 5 }, "N is 5, want 1 to T = 4"},
		"updates":  {func(o *Options) { o.Released.Updates = 0 }, "0 updates a step"},
		"prompt":   {func(o *Options) { o.Released.PromptUpdates = -1 }, "-1 updates of the prompt"},
		"from":     {func(o *Options) { o.Released.RefineFrom = 1 }, "refine_from is 1"},
		"divisor":  {func(o *Options) { o.Released.EarlyDivisor = 0 }, "early_divisor is 0"},
		"rate":     {func(o *Options) { o.Released.Rate = math.NaN() }, "rate is NaN"},
		"σ":        {func(o *Options) { o.Sigma = 0 }, "σ of the Gaussian is 0"},
		"a word":   {func(o *Options) { o.Words = []string{"crack", ""} }, "a word that names the anomaly is empty"},
	} {
		o := shortReleased()
		c.change(&o)
		if _, err := New(t.Context(), p, side, side, o); !errors.Is(err, diffusion.ErrArgument) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want ErrArgument, %q", name, err, c.says)
		}
	}
	without := openModel(t, filepath.Clean(modelA), diffusion.WithoutCLIP())
	if _, err := New(t.Context(), without, side, side, shortReleased()); !errors.Is(err, diffusion.ErrNoCLIP) {
		t.Errorf("without CLIP: %v, want ErrNoCLIP", err)
	}
	g := newGenerator(t, p, shortReleased())
	for size, says := range map[int]string{side * side: "16×16: white must cover the middle", 7: "7 pixels"} {
		if _, err := g.Encode(t.Context(), photograph(), make([]float32, size)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("a black mask of %d pixels: %v, want %q", size, err, says)
		}
	}
	if _, err := g.Resume(t.Context(), g.in, &State{}, nil); !errors.Is(err, ErrNoState) {
		t.Errorf("Resume: %v, want ErrNoState", err)
	}
}

// TestPromptDirection moves the anomaly's tokens, in both rows, and no others.
func TestPromptDirection(t *testing.T) {
	p := openModel(t, modelA)
	o := shortReleased()
	o.Words = []string{"crack", "on it"}
	o.Released.PromptUpdates = 0
	before := newGenerator(t, p, o).method.embedding()
	o.Released.PromptUpdates, o.Released.PromptRate = 1, 1e6 // its gradient is hardly more than rounding
	g := newGenerator(t, p, o)
	tokens, d := before.Shape()[1], before.Shape()[2]
	for at := range 2 * tokens {
		same := cmp.Equal(tensor.Float32s(before)[at*d:(at+1)*d], tensor.Float32s(g.method.embedding())[at*d:(at+1)*d])
		if moves := slices.Contains(g.tokens, at%tokens); same == moves {
			t.Errorf("row %d, token %d: moved %t, want %t", at/tokens, at%tokens, !same, moves)
		}
	}
}

// TestNormalPromptWithTheWord divides by the cosine's epsilon, as torch does.
func TestNormalPromptWithTheWord(t *testing.T) {
	o := shortReleased()
	o.Words = []string{"hazelnut"} // both prompts begin with "a photo of a hazelnut"
	g := newGenerator(t, openModel(t, modelA), o)
	far := 0.0
	for _, v := range tensor.Float32s(rowsAt(g.method.embedding(), g.tokens)) {
		far = max(far, math.Abs(float64(v)))
	}
	if far < 1e5 || far > 1e7 {
		t.Errorf("the word's embedding is %g away, want about a million", far)
	}
}
