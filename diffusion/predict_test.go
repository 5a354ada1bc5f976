package diffusion

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
)

// TestPredictReads takes maps out of a prediction, in batches of one and two,
// and compares them with those of a pass with a loss.
func TestPredictReads(t *testing.T) {
	p := openModel(t, modelA)
	text, nothing, z := encode(t, p, "a photo of a nut"), encode(t, p, ""), randomLatent(1)
	store := NewAttnStore(AllCross, WithTokens(4, 2), WithSize(mapA, mapA))
	read := WithRead(func() []*G.Node { return append([]*G.Node{store.Token(2)}, store.HeadMeans()...) })
	s := compile(t, p, WithStore(store), read)
	one, err := s.Predict(t.Context(), z, 301, text)
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.Predict(t.Context(), z, 301, nothing, text)
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(two.Noise[1].Floats(), one.Noise[0].Floats()); d > 1e-5 {
		t.Errorf("the prompt's noise differs by %g in a batch of two", d)
	}
	plain := denoise(t, compile(t, p), z, Guidance{Prompt: text})
	if d := difference(one.Noise[0].Floats(), plain); d > 1e-5 {
		t.Errorf("the noise differs by %g from that of a pass that reads nothing", d)
	}
	for i, m := range one.Read {
		n := m.Shape().TotalSize()
		if d := difference(tensor.Float32s(two.Read[i])[n:], tensor.Float32s(m)); d > 1e-5 {
			t.Errorf("map %d differs by %g in a batch of two", i, d)
		}
	}
	lossy := compile(t, p, WithStore(store), read, WithLoss(func() *G.Node { return nn.Mean(store.Mean()) }))
	g, err := lossy.Grad(t.Context(), z, 301, text)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range one.Read {
		if d := difference(tensor.Float32s(g.Read[i]), tensor.Float32s(m)); d > 1e-5 {
			t.Errorf("map %d differs by %g in a pass with a loss", i, d)
		}
	}
	if got, err := lossy.Predict(t.Context(), z, 301, text); err != nil || len(got.Read) != 0 {
		t.Errorf("a prediction beside a loss reads %d values (%v), want none", len(got.Read), err)
	}
}

// TestStoreOptions compares what WithTokens and WithSize leave with the whole.
func TestStoreOptions(t *testing.T) {
	p := openModel(t, modelA)
	text, z := encode(t, p, "a photo of a nut"), randomLatent(2)
	whole, some := NewAttnStore(AllCross), NewAttnStore(AllCross, WithTokens(5, 1))
	mean, sized := NewAttnStore(Cross(mapA, mapA)), NewAttnStore(Cross(mapA, mapA), WithSize(mapA, mapA))
	s := compile(t, p, WithStore(whole), WithStore(some), WithStore(mean), WithStore(sized), WithRead(func() []*G.Node {
		var read []*G.Node
		for i, m := range whole.HeadMeans() {
			read = append(read, whole.WordIn(m, []int{1, 5}), some.WordIn(some.HeadMeans()[i], []int{1, 5}))
		}
		return append(read, mean.Word([]int{3, 7}), sized.Word([]int{3, 7}))
	}))
	out, err := s.Predict(t.Context(), z, 301, text)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(out.Read); i += 2 {
		if d := difference(tensor.Float32s(out.Read[i+1]), tensor.Float32s(out.Read[i])); d > 1e-5 {
			t.Errorf("map %d differs by %g", i/2, d)
		}
	}
	if diff := cmp.Diff(whole.Paths(), some.Paths()); diff != "" {
		t.Error(diff)
	}
	for i, size := range whole.Sizes() {
		if n := whole.Probs()[i].Shape()[2]; size[0]*size[1] != n {
			t.Errorf("%s is %v, its maps have %d positions", whole.Paths()[i], size, n)
		}
	}
}

func TestStoreMistakes(t *testing.T) {
	p := openModel(t, modelA)
	for name, c := range map[string]struct {
		store *AttnStore
		read  func(a *AttnStore) *G.Node
		says  string
	}{
		"sizes":      {NewAttnStore(AllCross), (*AttnStore).Mean, "WithSize"},
		"token":      {NewAttnStore(AllCross, WithTokens(2)), func(a *AttnStore) *G.Node { return a.WordIn(a.HeadMeans()[0], []int{3}) }, "token 3 is not among those that WithTokens names, [2]"},
		"no tokens":  {NewAttnStore(Cross(mapA, mapA)), func(a *AttnStore) *G.Node { return a.Word(nil) }, "without tokens"},
		"far tokens": {NewAttnStore(AllCross, WithTokens(77)), (*AttnStore).Mean, "token 77, want 0 to 76"},
	} {
		s := compile(t, p, WithStore(c.store), WithRead(func() []*G.Node { return []*G.Node{c.read(c.store)} }))
		if _, err := s.Predict(t.Context(), randomLatent(3), 301, encode(t, p, "")); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	s := compile(t, p)
	if _, err := s.Predict(t.Context(), randomLatent(3), 301); err == nil || !strings.Contains(err.Error(), "at least one") {
		t.Errorf("no text: %v", err)
	}
	three := Latent{tensor.FromFloat32s(make([]float32, 3*4*sizeA*sizeA), 3, 4, sizeA, sizeA)}
	if _, err := s.Predict(t.Context(), three, 301, encode(t, p, "")); err == nil || !strings.Contains(err.Error(), "3 latents and 1 texts") {
		t.Errorf("three latents: %v", err)
	}
}

// TestDenoiserHasOneSize refuses latents and prompts of other sizes: a Denoiser does not compile itself anew.
func TestDenoiserHasOneSize(t *testing.T) {
	p := openModel(t, modelA)
	d, prompt := compile(t, p), encode(t, p, "")
	wide := NewLatent(make([]float32, 4*sizeA*2*sizeA), 4, sizeA, 2*sizeA)
	if _, err := d.Predict(t.Context(), wide, 301, prompt); err == nil || !strings.Contains(err.Error(), `"latent" has shape (1, 4, 16, 32), want (1, 4, 16, 16)`) {
		t.Errorf("a wider latent: %v", err)
	}
	short := Prompt{Hidden: tensor.FromFloat32s(make([]float32, 32), 1, 1, 32)}
	if _, err := d.Predict(t.Context(), randomLatent(3), 301, short); err == nil || !strings.Contains(err.Error(), `"text" has shape (1, 1, 32), want (1, 77, 32)`) {
		t.Errorf("a prompt of one token: %v", err)
	}
}

// TestPlainPredictionsAreShared finds one program for steps of one size.
func TestPlainPredictionsAreShared(t *testing.T) {
	p := openModel(t, modelA)
	store := NewAttnStore(Cross(mapA, mapA))
	lossy := compile(t, p, WithStore(store), WithLoss(smooth(store)))
	hooked := compile(t, p, WithHook(func(*nn.Site) {}))
	of := func(s *Denoiser) *nn.Program {
		prog, err := s.noise.Program(s.shapes(1))
		if err != nil {
			t.Fatal(err)
		}
		return prog
	}
	if of(compile(t, p)) != of(lossy) {
		t.Error("two steps without hooks have a program each")
	}
	if of(hooked) == of(lossy) {
		t.Error("a step with a hook has the program of one without")
	}
}
