package generate

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// attentionGolden returns a tensor of testdata/attention.safetensors by name, and what is said of all.
func attentionGolden(t *testing.T) (get func(name string) []float32, said attentionCases) {
	t.Helper()
	file, err := tensor.Open(filepath.Join("testdata", "attention.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	data, err := os.ReadFile(filepath.Join("testdata", "attention.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &said); err != nil {
		t.Fatal(err)
	}
	return func(name string) []float32 {
		d, err := file.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		return tensor.Float32s(d)
	}, said
}

type attentionCases struct {
	Weights []struct {
		Key    string
		Time   float64
		Steps  int
		Radius int
	}
	Heads int
	Words [2]int `json:"reweight_words"`
}

// softAttention is attention of one batch entry in plain Go: probs changes a row of probabilities of query i, of which
// score has changed the scores.
func softAttention(q, k, v []float32, heads, channels int, score func(i, j int, s float64) float64, probs func(i int, row []float64)) []float32 {
	nq, nk, d := len(q)/channels, len(k)/channels, channels/heads
	out := make([]float32, len(q))
	for i := range nq {
		for head := range heads {
			at, row, sum := head*d, make([]float64, nk), 0.0
			for j := range row {
				for c := range d {
					row[j] += float64(q[i*channels+at+c]) * float64(k[j*channels+at+c])
				}
				row[j] = math.Exp(score(i, j, row[j]/math.Sqrt(float64(d))))
				sum += row[j]
			}
			for j := range row {
				row[j] /= sum
			}
			probs(i, row)
			for j, p := range row {
				for c := range d {
					out[i*channels+at+c] += float32(p * float64(v[j*channels+at+c]))
				}
			}
		}
	}
	return out
}

// TestReweighting compares the hook with the released code's operations, and with the paper's, whose rows are normalised
// again here. In a batch of two the negative prompt's attention is its own.
func TestReweighting(t *testing.T) {
	golden, said := attentionGolden(t)
	const channels, positions, tokens = 12, 16, 9
	q, k, v, w := golden("reweight.q"), golden("reweight.k"), golden("reweight.v"), golden("reweight.w")
	isWord := func(j int) bool { return j >= said.Words[0] && j < said.Words[1] }
	same := func(_, _ int, s float64) float64 { return s }
	weigh := func(i int, row []float64) {
		for j := range row {
			if isWord(j) {
				row[j] *= float64(w[i])
			}
		}
	}
	near(t, "the paper's", softAttention(q, k, v, said.Heads, channels, same, weigh), golden("reweight.paper"), 1e-5)
	normalised := softAttention(q, k, v, said.Heads, channels, same, func(i int, row []float64) {
		weigh(i, row)
		sum := 0.0
		for _, p := range row {
			sum += p
		}
		for j := range row {
			row[j] /= sum
		}
	})
	plain := softAttention(q, k, v, said.Heads, channels, same, func(int, []float64) {})

	var words []int
	for j := said.Words[0]; j < said.Words[1]; j++ {
		words = append(words, j)
	}
	for name, c := range map[string]struct {
		scores bool
		want   []float32
	}{"mended": {false, normalised}, "released": {true, golden("reweight.released")}} {
		for _, batch := range []int{1, 2} {
			g := reweightedGraph{reweighting: reweighting{words: words, scores: c.scores}}
			shapes := [][]int{{batch, positions, channels}, {batch, tokens, channels}, {batch, tokens, channels}}
			program, err := nn.Compile(func(b *nn.Build) []*G.Node {
				g.begin(b)
				return []*G.Node{b.Attend(nn.Site{
					Path: "attn", Cross: true, Heads: said.Heads, H: 4, W: 4,
					Q: b.Input("q", shapes[0]...), K: b.Input("k", shapes[1]...), V: b.Input("v", shapes[2]...),
				})}
			}, nn.WithHooks(g.hook))
			if err != nil {
				t.Fatal(err)
			}
			in := map[string]*gt.Dense{}
			for i, x := range [][]float32{q, k, v} {
				in[[]string{"q", "k", "v"}[i]] = tensor.FromFloat32s(slices.Repeat(x, batch), shapes[i]...)
			}
			size := site{4, 4, said.Heads}
			if in[size.input()], err = g.numbers(size, w, 4, 4, batch); err != nil {
				t.Fatal(err)
			}
			out, err := program.Run(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			near(t, name, tensor.Float32s(out[0])[(batch-1)*len(q):], c.want, 1e-5)
			if batch == 2 {
				near(t, name+", negative", tensor.Float32s(out[0])[:len(q)], plain, 1e-5)
			}
		}
	}
}

// TestReweighted: with weights of 1 the model predicts what the pipeline's does, with others it does not, with guidance and
// without.
func TestReweighted(t *testing.T) {
	p := demoPipeline(t)
	const side = 16
	denoiser, err := p.Compile(side, side)
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := p.Encode(t.Context(), "a photo of a hazelnut with a crack")
	if err != nil {
		t.Fatal(err)
	}
	empty, err := p.Encode(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	z := diffusion.Latent{Dense: nntest.Normal(4, 1, p.UNet.Config.InChannels, side, side)}
	for _, g := range []diffusion.Guidance{{Prompt: prompt}, {Prompt: prompt, Negative: empty, Scale: 3}} {
		want, err := denoiser.Denoise(t.Context(), z, 500, g)
		if err != nil {
			t.Fatal(err)
		}
		for _, scores := range []bool{false, true} {
			m, err := newReweighted(p, side, side, len(g.Prompts()), reweighting{words: []int{8}, scores: scores})
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.Denoise(t.Context(), z, 500, g)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "weights of 1", got.Floats(), want.Floats(), 1e-4)
			if got, err = m.with(slices.Repeat([]float32{1.5}, side*side)).Denoise(t.Context(), z, 500, g); err != nil {
				t.Fatal(err)
			}
			worst := 0.0
			for i, v := range got.Floats() {
				worst = max(worst, math.Abs(float64(v-want.Floats()[i])))
			}
			if worst < 1e-3 {
				t.Errorf("weights of 1.5 move the prediction by %.2g", worst)
			}
		}
	}
}
