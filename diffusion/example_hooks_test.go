package diffusion_test

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
)

const caption = "a photo of a macadamia with a crack on it"

// open opens the tiny model and encodes caption: what every recipe starts with.
func open(ctx context.Context) (*diffusion.Pipeline, diffusion.Prompt) {
	p, err := diffusion.Open(ctx, "../testdata/models/a")
	check(err)
	cond, err := p.Encode(ctx, caption)
	check(err)
	return p, cond
}

// latent is noise of 16×16; the maps of the tiny model are up to 16×16.
func latent(seed uint64) diffusion.Latent {
	return diffusion.NewLatent(tensor.NewRand(seed).Randn(4*16*16), 4, 16, 16)
}

// word is the numbers of a word's tokens in caption.
func word(p *diffusion.Pipeline, w string) []int {
	tokens, err := p.Tokenizer.FindWord(caption, w)
	check(err)
	return tokens
}

// change is by how much two predictions differ, as a share of the largest value.
func change(a, b diffusion.Latent) float64 {
	worst, largest := 0.0, 0.0
	for i, v := range a.Floats() {
		worst = math.Max(worst, math.Abs(float64(v-b.Floats()[i])))
		largest = math.Max(largest, math.Abs(float64(v)))
	}
	return worst / largest
}

// The maps of one word at every cross-attention site, brought to one size and
// averaged: besides the prediction itself, the pass stores nothing but the word's
// maps, one site after the other. (Without WithSize and with Cross, the maps of
// sites of one size stay as they are.)
func ExampleAttnStore_allSites() {
	ctx := context.Background()
	p, cond := open(ctx)
	defer p.Close()

	macadamia := word(p, "macadamia")
	maps := diffusion.NewAttnStore(diffusion.AllCross,
		diffusion.WithTokens(macadamia...), diffusion.WithSize(16, 16))
	step, err := p.Compile(16, 16,
		diffusion.WithStore(maps),
		diffusion.WithRead(func() []*G.Node { return []*G.Node{maps.Word(macadamia)} }))
	check(err)

	out, err := step.Predict(ctx, latent(1), 500, cond)
	check(err)
	fmt.Println(len(maps.Paths()), "sites,", len(macadamia), "tokens:", out.Read[0].Shape())
	// Output: 10 sites, 8 tokens: (1, 256, 1)
}

// A word's map is the mean over those of all its pieces: a tokenizer of CLIP's
// makes several of a rare word.
func ExampleAttnStore_Word() {
	ctx := context.Background()
	p, cond := open(ctx)
	defer p.Close()

	tokens := word(p, "macadamia")
	maps := diffusion.NewAttnStore(diffusion.Cross(4, 4))
	step, err := p.Compile(16, 16,
		diffusion.WithStore(maps),
		diffusion.WithRead(func() []*G.Node {
			read := []*G.Node{maps.Word(tokens)}
			for _, j := range tokens {
				read = append(read, maps.Token(j))
			}
			return read
		}))
	check(err)

	out, err := step.Predict(ctx, latent(1), 500, cond)
	check(err)
	fmt.Println(p.Tokenizer.Tokens(p.Tokenizer.Encode(caption))[tokens[0] : tokens[len(tokens)-1]+1])
	mean := float32(0)
	for _, piece := range out.Read[1:] {
		mean += tensor.Float32s(piece)[3] / float32(len(tokens))
	}
	fmt.Println(math.Abs(float64(mean-tensor.Float32s(out.Read[0])[3])) < 1e-6)
	// Output:
	// [m a ca d a m i a</w>]
	// true
}

// A word made weaker or stronger, the re-weighting of Prompt-to-Prompt (Hertz et
// al., arXiv 2208.01626, section 3.2): its column of the attention map times a
// factor. The column meets the word's value alone, so scaling the value is the
// same, and the site remains one operation.
func Example_reweightWord() {
	ctx := context.Background()
	p, cond := open(ctx)
	defer p.Close()

	crack := word(p, "crack")
	stronger := func(s *nn.Site) {
		if !s.Cross {
			return
		}
		shape := s.V.Shape() // [batch, tokens, channels]; the prompt is the batch's last entry
		weights := slices.Repeat([]float32{1}, shape.TotalSize())
		for _, j := range crack {
			row := weights[((shape[0]-1)*shape[1]+j)*shape[2]:][:shape[2]]
			copy(row, slices.Repeat([]float32{3}, shape[2]))
		}
		s.V = nn.MulConstant(s.V, weights)
	}
	plain, err := p.Compile(16, 16)
	check(err)
	changed, err := p.Compile(16, 16, diffusion.WithHook(stronger))
	check(err)

	g := diffusion.Guidance{Prompt: cond}
	before, err := plain.Denoise(ctx, latent(1), 500, g)
	check(err)
	after, err := changed.Denoise(ctx, latent(1), 500, g)
	check(err)
	fmt.Println(change(before, after) > 0.01)
	// Output: true
}

// A word's map replaced by a drawn mask: within the left half of the picture nine
// tenths of the attention go to the word, elsewhere none.
func Example_drawnMask() {
	ctx := context.Background()
	p, cond := open(ctx)
	defer p.Close()

	crack := word(p, "crack")
	draw := func(s *nn.Site) {
		if !s.Cross {
			return
		}
		shape := s.Probs().Shape() // [batch, heads, h·w, tokens]
		keep, drawn := slices.Repeat([]float32{1}, shape.TotalSize()), make([]float32, shape.TotalSize())
		for row := range shape[0] * shape[1] * shape[2] {
			left := row%shape[2]%s.W < s.W/2
			for j := range shape[3] {
				switch at := row*shape[3] + j; {
				case slices.Contains(crack, j):
					keep[at] = 0
					if left {
						drawn[at] = 0.9 / float32(len(crack))
					}
				case left:
					keep[at] = 0.1
				}
			}
		}
		s.SetProbs(nn.AddConstant(nn.MulConstant(s.Probs(), keep), drawn))
	}
	maps := diffusion.NewAttnStore(diffusion.Cross(4, 4)) // sees what the hook left
	step, err := p.Compile(16, 16, diffusion.WithHook(draw), diffusion.WithStore(maps),
		diffusion.WithRead(func() []*G.Node { return []*G.Node{maps.Word(crack)} }))
	check(err)
	out, err := step.Predict(ctx, latent(1), 500, cond)
	check(err)
	fmt.Printf("%.1f\n", tensor.Float32s(out.Read[0])[:4])
	// Output: [0.9 0.9 0.0 0.0]
}

// Two pictures of one look: in a batch of two, the second's self-attention takes
// its keys and values from the first.
func Example_shareKeysAndValues() {
	ctx := context.Background()
	p, cond := open(ctx)
	defer p.Close()

	share := func(s *nn.Site) {
		if !s.Cross && s.K.Shape()[0] == 2 {
			s.K, s.V = nn.Entries(s.K, 0, 0), nn.Entries(s.V, 0, 0)
		}
	}
	step, err := p.Compile(16, 16, diffusion.WithHook(share))
	check(err)
	both := append(slices.Clone(latent(1).Floats()), latent(2).Floats()...)
	z := diffusion.Latent{Dense: tensor.FromFloat32s(both, 2, 4, 16, 16)}
	shared, err := step.Predict(ctx, z, 500, cond, cond)
	check(err)

	first, err := step.Predict(ctx, latent(1), 500, cond)
	check(err)
	second, err := step.Predict(ctx, latent(2), 500, cond)
	check(err)
	fmt.Println(change(first.Noise[0], shared.Noise[0]) < 1e-4, change(second.Noise[0], shared.Noise[1]) > 0.01)
	// Output: true true
}
