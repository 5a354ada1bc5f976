package diffusion

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// sizeA is the side of the latents that these tests give to model a; its maps
// are those of a quarter of it.
const (
	sizeA = 16
	mapA  = sizeA / 4
)

func randomLatent(seed uint64) Latent {
	return NewLatent(tensor.NewRand(seed).Randn(4*sizeA*sizeA), 4, sizeA, sizeA)
}

func encode(t testing.TB, p *Pipeline, prompt string) Prompt {
	t.Helper()
	e, err := p.Encode(context.Background(), prompt)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func compile(t testing.TB, p *Pipeline, opts ...DenoiserOption) *Denoiser {
	t.Helper()
	s, err := p.Compile(sizeA, sizeA, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func denoise(t testing.TB, s *Denoiser, z Latent, g Guidance) []float32 {
	t.Helper()
	eps, err := s.Denoise(context.Background(), z, 301, g)
	if err != nil {
		t.Fatal(err)
	}
	return eps.Floats()
}

// difference is the largest difference of two slices as a share of the largest
// value of want.
func difference(got, want []float32) float64 {
	worst, largest := 0.0, 0.0
	for i, v := range want {
		worst = math.Max(worst, math.Abs(float64(got[i])-float64(v)))
		largest = math.Max(largest, math.Abs(float64(v)))
	}
	return worst / largest
}

// TestGuidance takes the two predictions of classifier-free guidance apart.
func TestGuidance(t *testing.T) {
	p := openModel(t, modelA)
	s, z := compile(t, p), randomLatent(1)
	prompt, negative := encode(t, p, "a nut"), encode(t, p, "")
	got := denoise(t, s, z, Guidance{Prompt: prompt, Negative: negative, Scale: 7.5})
	with, without := denoise(t, s, z, Guidance{Prompt: prompt}), denoise(t, s, z, Guidance{Prompt: negative})
	want := make([]float32, len(with))
	for i := range want {
		want[i] = without[i] + 7.5*(with[i]-without[i])
	}
	if d := difference(got, want); d > 1e-5 {
		t.Errorf("guided prediction is off by %g", d)
	}
	if d := difference(with, without); d < 1e-3 {
		t.Errorf("the prompt moves the prediction by %g only", d)
	}
}

// TestHooksReplace replaces what attention sites do.
func TestHooksReplace(t *testing.T) {
	p := openModel(t, modelA)
	z, g := randomLatent(2), Guidance{Prompt: encode(t, p, "a nut")}
	plain := denoise(t, compile(t, p), z, g)
	for _, c := range []struct {
		name    string
		hook    nn.Hook
		atLeast float64 // by how much it changes the prediction
		atMost  float64
	}{
		{"probabilities as they are", func(s *nn.Site) { s.SetProbs(s.Probs()) }, 0, 1e-4},
		{"none of the text", func(s *nn.Site) {
			if s.Cross {
				s.SetProbs(nn.Scale(s.Probs(), 0))
			}
		}, 1e-2, math.Inf(1)},
		{"gorgonia's own operations", func(s *nn.Site) {
			if s.Cross && s.H == mapA {
				s.SetProbs(G.Must(G.Square(s.Probs())))
			}
		}, 1e-3, math.Inf(1)},
		{"another query", func(s *nn.Site) {
			if !s.Cross {
				s.Q = s.K
			}
		}, 1e-3, math.Inf(1)},
		{"another output", func(s *nn.Site) {
			if s.Path == "mid_block.attentions.0.transformer_blocks.0.attn1" {
				s.SetOutput(nn.Scale(s.Q, 3))
			}
		}, 1e-3, math.Inf(1)},
	} {
		got := denoise(t, compile(t, p, WithHook(c.hook)), z, g)
		if d := difference(got, plain); d < c.atLeast || d > c.atMost {
			t.Errorf("%s: the prediction changes by %g, want %g to %g", c.name, d, c.atLeast, c.atMost)
		}
	}
}

// TestStoreSeesWhatHooksLeft reads probabilities that a hook has replaced.
func TestStoreSeesWhatHooksLeft(t *testing.T) {
	p := openModel(t, modelA)
	store := NewAttnStore(Cross(mapA, mapA))
	s := compile(t, p, WithStore(store), // named first, called last
		WithHook(func(s *nn.Site) {
			if s.Cross {
				s.SetProbs(nn.Affine(s.Probs(), 0, 0.5))
			}
		}),
		WithLoss(func() *G.Node { return nn.Mean(store.Mean()) }))
	g, err := s.Grad(t.Context(), randomLatent(3), 301, encode(t, p, "a nut"))
	if err != nil {
		t.Fatal(err)
	}
	if g.Loss != 0.5 {
		t.Errorf("the store's mean is %g, want 0.5", g.Loss)
	}
	if g.Latent != nil || g.Text != nil {
		t.Error("there are gradients that nobody asked for")
	}
}

// smooth is a loss whose gradient finite differences can follow.
func smooth(store *AttnStore) func() *G.Node {
	return func() *G.Node {
		m := TokenMap(TokenMaps(store.Mean()), mapA, mapA, 2, nn.StandardGaussian(0.5))
		return nn.Dot(m, m)
	}
}

// TestGradient compares with finite differences along the gradient and along a
// random direction, for each variable, with and without a memory budget.
func TestGradient(t *testing.T) {
	p := openModel(t, modelA)
	text := encode(t, p, "a photo of a nut").Hidden
	store := NewAttnStore(Cross(mapA, mapA))
	s := compile(t, p, WithStore(store), WithLoss(smooth(store)), WithGrad(TextInput, LatentInput))
	z := randomLatent(4)
	grad := func(z Latent, text *gt.Dense) *Gradient {
		g, err := s.Grad(t.Context(), z, 301, Prompt{text})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := grad(z, text)
	for _, v := range []struct {
		name     string
		at, grad *gt.Dense
		loss     func(moved *gt.Dense) float32
	}{
		{"latent", z.Dense, g.Latent, func(m *gt.Dense) float32 { return grad(Latent{m}, text).Loss }},
		{"text", text, g.Text, func(m *gt.Dense) float32 { return grad(z, m).Loss }},
	} {
		if diff := cmp.Diff(v.at.Shape(), v.grad.Shape()); diff != "" {
			t.Errorf("%s: shape of the gradient: %s", v.name, diff)
		}
		slopes := tensor.Float32s(v.grad)
		steepest := float32(1 / norm(slopes))
		for name, direction := range map[string][]float32{
			"gradient": scaled(slopes, steepest),
			"random":   scaled(tensor.NewRand(9).Randn(len(slopes)), float32(1/math.Sqrt(float64(len(slopes))))),
		} {
			const h = 3e-3
			ahead, behind := Latent{v.at}.Copy(), Latent{v.at}.Copy()
			step := tensor.FromFloat32s(direction, v.at.Shape()...)
			if err := errors.Join(ahead.AddScaled(h, step), behind.AddScaled(-h, step)); err != nil {
				t.Fatal(err)
			}
			want := (float64(v.loss(ahead.Dense)) - float64(v.loss(behind.Dense))) / (2 * h)
			got := dot(slopes, direction)
			if math.Abs(got-want) > 0.02*norm(slopes) {
				t.Errorf("%s, along the %s: slope %g, finite differences %g; the gradient's length is %g", v.name, name, got, want, norm(slopes))
			}
		}
	}
	tight := compile(t, p, WithStore(store), WithLoss(smooth(store)), WithGrad(TextInput, LatentInput), WithMemory(s.gradient.ArenaBytes()*19/20))
	if tight.gradient.Recomputed() == 0 {
		t.Error("nothing is computed twice within 95 % of the memory")
	}
	again, err := tight.Grad(t.Context(), z, 301, Prompt{text})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(g, again, cmp.Comparer(sameFloats)); diff != "" {
		t.Errorf("with less memory:\n%s", diff)
	}
}

// TestInputOfTheLoss gives a mask to one Denoiser, another in each pass, and to others as a constant: the numbers are
// the same to the last bit.
func TestInputOfTheLoss(t *testing.T) {
	p := openModel(t, modelA)
	text, z := encode(t, p, "a nut"), randomLatent(8)
	// masked is a loss over the maps inside a mask, which multiply applies.
	masked := func(multiply func(a *G.Node) *G.Node) []DenoiserOption {
		store := NewAttnStore(Cross(mapA, mapA))
		var inside *G.Node
		return []DenoiserOption{WithStore(store), WithGrad(LatentInput, TextInput), WithRead(func() []*G.Node { return []*G.Node{inside} }),
			WithLoss(func() *G.Node {
				inside = multiply(TokenMap(TokenMaps(store.Mean()), mapA, mapA, 2, nn.StandardGaussian(0.5)))
				return nn.OneMinusMax(inside)
			})}
	}
	var mask *G.Node
	one := compile(t, p, append(masked(func(a *G.Node) *G.Node { return nn.Mul(a, mask) }), WithInput(&mask, 1, mapA*mapA, 1))...)
	random := tensor.NewRand(9).Randn(mapA * mapA)
	ones := slices.Repeat([]float32{1}, mapA*mapA)
	half := slices.Concat(make([]float32, mapA*mapA/2), ones[mapA*mapA/2:])
	for name, values := range map[string][]float32{"random": random, "half": half, "ones": ones} {
		constant := compile(t, p, masked(func(a *G.Node) *G.Node { return nn.MulConstant(a, values) })...)
		want, err1 := constant.Grad(t.Context(), z, 301, text)
		got, err2 := one.Grad(t.Context(), z, 301, text, tensor.FromFloat32s(values, 1, mapA*mapA, 1))
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(sameFloats)); diff != "" {
			t.Errorf("mask %s, as a constant -, as an input +:\n%s", name, diff)
		}
		if name != "ones" {
			continue
		}
		if want, err1 = compile(t, p, masked(func(a *G.Node) *G.Node { return a })...).Grad(t.Context(), z, 301, text); err1 != nil {
			t.Fatal(err1)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(sameFloats)); diff != "" {
			t.Errorf("without a mask -, with one of ones +:\n%s", diff)
		}
	}
	for name, c := range map[string]struct {
		values []*gt.Dense
		says   string
	}{
		"none":     {nil, "0 values for the loss's own inputs, of which WithInput gave it 1"},
		"nil":      {[]*gt.Dense{nil}, `input "input 1 of the loss" is nil`},
		"too many": {[]*gt.Dense{z.Dense, z.Dense}, "2 values"},
		"shape":    {[]*gt.Dense{tensor.FromFloat32s(ones, 1, mapA, mapA)}, "has shape (1, 4, 4), want (1, 16, 1)"},
	} {
		if _, err := one.Grad(t.Context(), z, 301, text, c.values...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

func sameFloats(a, b *gt.Dense) bool {
	return cmp.Equal(tensor.Float32s(a), tensor.Float32s(b))
}

func scaled(v []float32, f float32) []float32 {
	out := append([]float32(nil), v...)
	scale(out, f)
	return out
}

func norm(v []float32) float64 { return math.Sqrt(dot(v, v)) }

func dot(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// TestGradStopsAtTheDeepestMap looks at what a pass runs: nothing behind the
// last site that the loss reads.
func TestGradStopsAtTheDeepestMap(t *testing.T) {
	p := openModel(t, modelA)
	text, z := encode(t, p, "a nut"), randomLatent(5)
	instructions := map[string]int{}
	for _, c := range []struct {
		name   string
		filter SiteFilter
		not    []string // weights that are not read
	}{
		{"down_blocks.0", func(s *nn.Site) bool { return strings.HasPrefix(s.Path, "down_blocks.0") && s.Cross },
			[]string{"down_blocks.1", "mid_block", "up_blocks", "conv_out", "down_blocks.0.attentions.0.transformer_blocks.0.ff"}},
		{"a quarter of the latent", Cross(mapA, mapA),
			[]string{"up_blocks.1.upsamplers", "up_blocks.2", "up_blocks.3", "conv_norm_out", "conv_out"}},
	} {
		store := NewAttnStore(c.filter)
		s := compile(t, p, WithStore(store), WithLoss(func() *G.Node { return nn.OneMinusMax(store.Token(2)) }), WithGrad(LatentInput))
		instructions[c.name] = s.gradient.Instructions()
		var ran []string
		ctx := nn.WithTrace(t.Context(), func(e nn.Executed) { ran = append(ran, e.Op) })
		if _, err := s.Grad(ctx, z, 301, text); err != nil {
			t.Fatal(err)
		}
		all := strings.Join(ran, "\n")
		if !strings.Contains(all, "conv_in") {
			t.Fatalf("%s: the trace names no weights:\n%s", c.name, all)
		}
		for _, name := range c.not {
			if strings.Contains(all, name) {
				t.Errorf("%s: the pass reads %s", c.name, name)
			}
		}
	}
	if a, b := instructions["down_blocks.0"], instructions["a quarter of the latent"]; a*3 > b {
		t.Errorf("%d operations for the first map and %d for the last", a, b)
	}
}

// TestStepMistakes is what Compile and the passes refuse.
func TestStepMistakes(t *testing.T) {
	p := openModel(t, modelA)
	text := encode(t, p, "a nut")
	store := func() *AttnStore { return NewAttnStore(Cross(mapA, mapA)) }
	none := NewAttnStore(Cross(5, 5))
	far := store()
	for name, c := range map[string]struct {
		size int
		opts []DenoiserOption
		says string
	}{
		"size":           {12, nil, "multiples of 64"},
		"no loss":        {sizeA, []DenoiserOption{WithGrad(LatentInput)}, "WithLoss"},
		"store, no loss": {sizeA, []DenoiserOption{WithStore(store())}, "WithLoss"},
		"variable":       {sizeA, []DenoiserOption{WithLoss(func() *G.Node { return nil }), WithGrad("weights")}, `"weights"`},
		"no sites":       {sizeA, []DenoiserOption{WithStore(none), WithLoss(func() *G.Node { return nn.Mean(none.Mean()) })}, "no site"},
		"input, no loss": {sizeA, []DenoiserOption{WithInput(new(*G.Node), 1)}, "WithLoss"},
		"input's shape":  {sizeA, []DenoiserOption{WithInput(new(*G.Node), 1, 0), WithLoss(func() *G.Node { return nil })}, "the shape (1, 0), want sizes from 1 on"},
		"input, no node": {sizeA, []DenoiserOption{WithInput(nil, 1), WithLoss(func() *G.Node { return nil })}, "no place for the node"},
		"nil loss":       {sizeA, []DenoiserOption{WithLoss(func() *G.Node { return nil })}, "nil"},
		"token": {sizeA, []DenoiserOption{WithStore(far), WithLoss(func() *G.Node {
			return nn.Mean(TokenMap(TokenMaps(far.Mean()), mapA, mapA, 76, nn.StandardGaussian(0.5)))
		})}, "token 76, want 1 to 75"},
		"hook": {sizeA, []DenoiserOption{WithLoss(func() *G.Node { return nil }), WithHook(func(*nn.Site) { panic("a mistake in a hook") })}, "a mistake in a hook"},
	} {
		if _, err := p.Compile(c.size, c.size, c.opts...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	s, z := compile(t, p), randomLatent(6)
	small := NewLatent(make([]float32, 4*8*8), 4, 8, 8)
	for name, run := range map[string]func() error{
		"no prompt":      func() error { _, err := s.Denoise(t.Context(), z, 1, Guidance{}); return err },
		"negative alone": func() error { _, err := s.Denoise(t.Context(), z, 1, Guidance{Negative: text}); return err },
		"no latent":      func() error { _, err := s.Denoise(t.Context(), Latent{}, 1, Guidance{Prompt: text}); return err },
		"other latent":   func() error { _, err := s.Denoise(t.Context(), small, 1, Guidance{Prompt: text}); return err },
		"other text":     func() error { _, err := s.Denoise(t.Context(), z, 1, Guidance{Prompt: Prompt{z.Dense}}); return err },
		"NaN": func() error {
			_, err := s.Denoise(t.Context(), z, math.NaN(), Guidance{Prompt: text})
			return err
		},
		"no loss":           func() error { _, err := s.Grad(t.Context(), z, 1, text); return err },
		"decode nothing":    func() error { _, err := p.Decode(t.Context(), Latent{}); return err },
		"decode a picture":  func() error { _, err := p.Decode(t.Context(), Latent{text.Hidden}); return err },
		"encode nothing":    func() error { _, err := p.EncodeImage(t.Context(), nil); return err },
		"encode a latent":   func() error { _, err := p.EncodeImage(t.Context(), z.Dense); return err },
		"encode 80 columns": func() error { _, err := p.EncodeImage(t.Context(), picture(64, 80)); return err },
	} {
		err := run()
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if text := err.Error(); strings.Contains(text, "runtime error") || strings.Contains(text, "nil pointer") {
			t.Errorf("%s: not readable: %v", name, err)
		}
		t.Logf("%s: %v", name, err)
	}
}

func picture(h, w int) *gt.Dense {
	return tensor.FromFloat32s(tensor.NewRand(7).Randn(3*h*w), 1, 3, h, w)
}

// TestCancel stops a pass after its first operation.
func TestCancel(t *testing.T) {
	p := openModel(t, modelA)
	text, z := encode(t, p, "a nut"), randomLatent(8)
	store := NewAttnStore(Cross(mapA, mapA))
	s := compile(t, p, WithStore(store), WithLoss(smooth(store)), WithGrad(LatentInput))
	for name, run := range map[string]func(ctx context.Context) error{
		"gradient":   func(ctx context.Context) error { _, err := s.Grad(ctx, z, 301, text); return err },
		"prediction": func(ctx context.Context) error { _, err := s.Denoise(ctx, z, 301, Guidance{Prompt: text}); return err },
		"decoder":    func(ctx context.Context) error { _, err := p.Decode(ctx, z); return err },
		"encoder":    func(ctx context.Context) error { _, err := p.EncodeImage(ctx, picture(64, 64)); return err },
		"text":       func(ctx context.Context) error { _, err := p.Encode(ctx, "a nut"); return err },
		"CLIP":       func(ctx context.Context) error { _, err := p.CLIPText(ctx, "a nut"); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		ran := 0
		err := run(nn.WithTrace(ctx, func(nn.Executed) { ran++; cancel() }))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
		if ran != 1 {
			t.Errorf("%s: %d operations ran, the first of which cancelled", name, ran)
		}
		if err := run(t.Context()); err != nil {
			t.Errorf("%s: afterwards: %v", name, err)
		}
	}
}

// TestConcurrentUse shares one pipeline and one step between goroutines.
func TestConcurrentUse(t *testing.T) {
	p := openModel(t, modelA)
	store := NewAttnStore(Cross(mapA, mapA))
	s := compile(t, p, WithStore(store), WithLoss(smooth(store)), WithGrad(LatentInput))
	type results struct {
		Text, Gradient, Noise, Noise2, Picture []float32
	}
	all := func() (r results, err error) {
		ctx, z := context.Background(), randomLatent(11)
		text, err := p.Encode(ctx, "a nut")
		if err != nil {
			return r, err
		}
		g, err := s.Grad(ctx, z, 301, text)
		if err != nil {
			return r, err
		}
		eps, err := s.Denoise(ctx, z, 301, Guidance{Prompt: text})
		if err != nil {
			return r, err
		}
		eps2, err := s.Denoise(ctx, z, 301, Guidance{Prompt: text, Negative: text, Scale: 2})
		if err != nil {
			return r, err
		}
		image, err := p.Decode(ctx, z)
		if err != nil {
			return r, err
		}
		return results{tensor.Float32s(text.Hidden), tensor.Float32s(g.Latent), eps.Floats(), eps2.Floats(), tensor.Float32s(image)}, nil
	}
	const goroutines = 3
	var got [goroutines]results
	var errs [goroutines]error
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() { got[i], errs[i] = all() })
	}
	wg.Wait()
	want, err := all()
	if err := errors.Join(append(errs[:], err)...); err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if !cmp.Equal(got[i], want, cmpopts.EquateNaNs()) {
			t.Errorf("goroutine %d got other results", i)
		}
	}
}
