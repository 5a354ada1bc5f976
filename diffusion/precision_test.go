package diffusion

import (
	"slices"
	"sync"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// allPrograms runs every kind of program of a pipeline, and one of its user's.
func allPrograms(t *testing.T, p *Pipeline) map[string][]float32 {
	t.Helper()
	z, store := randomLatent(1), NewAttnStore(Cross(mapA, mapA))
	text := encode(t, p, "a nut")
	grad, err := compile(t, p, WithStore(store), WithLoss(smooth(store)), WithGrad(LatentInput)).Grad(t.Context(), z, 500, text)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := p.Decode(t.Context(), z)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.EncodeImage(t.Context(), picture)
	if err != nil {
		t.Fatal(err)
	}
	user, err := p.Program("a user's", func(b *nn.Build) []*G.Node {
		z := b.Input("z", z.Shape()...)
		return b.Grad(nn.Mean(p.VAE.Decode(b, z)), z)
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := user.Run(t.Context(), map[string]*gt.Dense{"z": z.Dense})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]float32{
		"text": tensor.Float32s(text.Hidden), "noise": denoise(t, compile(t, p), z, Guidance{Prompt: text}),
		"gradient": tensor.Float32s(grad.Latent), "decoded": tensor.Float32s(picture), "encoded": again.Floats(),
		"user's": tensor.Float32s(out[0]),
	}
}

// TestWithPrecision: pipelines of one process multiply in precisions of their own, alone and at the same time.
func TestWithPrecision(t *testing.T) {
	if _, err := kernels.CPU(kernels.BFloat16); err != nil {
		t.Skip(err)
	}
	single, half := openModel(t, modelA), openModel(t, modelA, WithPrecision(kernels.BFloat16))
	want := map[*Pipeline]map[string][]float32{single: allPrograms(t, single), half: allPrograms(t, half)}
	for name, v := range want[single] {
		if slices.Equal(v, want[half][name]) {
			t.Errorf("%s: both precisions give the same bits", name)
		}
	}
	var all sync.WaitGroup
	for p, wanted := range want {
		all.Go(func() {
			for name, v := range allPrograms(t, p) {
				if !slices.Equal(v, wanted[name]) {
					t.Errorf("%s: other bits beside a pipeline in another precision", name)
				}
			}
		})
	}
	all.Wait()
}
