package generate

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// o2magGolden returns a tensor of testdata/o2mag.safetensors by name.
func o2magGolden(t *testing.T) func(name string) *gt.Dense {
	t.Helper()
	file, err := tensor.Open(filepath.Join("testdata", "o2mag.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return func(name string) *gt.Dense {
		d, err := file.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

// TestGraft is the released program's attention of the target, in a batch of two, of two heads.
func TestGraft(t *testing.T) {
	const heads, temperature = 2, 0.7
	golden := o2magGolden(t)
	target, reference := tensor.Float32s(golden("graft.mask_target")), tensor.Float32s(golden("graft.mask_reference"))
	m := bends{target: target, reference: reference}
	for _, v := range target {
		m.outside = append(m.outside, 1-v)
	}
	twice := func(v []float32, shape ...int) *gt.Dense {
		return tensor.FromFloat32s(slices.Repeat(v, 2), append([]int{2}, shape...)...)
	}
	in := []*gt.Dense{twice(m.graftQueries(heads), 16*heads, 2), twice(m.graftKeys(heads), 2*16*heads, 2)}
	for _, name := range []string{"q", "k_reference", "v_reference", "k_normal", "v_normal"} {
		in = append(in, twice(tensor.Float32s(golden("graft."+name)), 16, 12))
	}
	got := nntest.Run(t, func(_ *nn.Build, in G.Nodes) []*G.Node {
		return G.Nodes{graft(in[2], keysAndValues{in[3], in[4]}, keysAndValues{in[5], in[6]}, in[0], in[1], heads, temperature)}
	}, in)[0]
	near(t, "grafted attention", got, slices.Repeat(tensor.Float32s(golden("graft.output")), 2), 1e-5)
}

// TestLouderWords mixes values by the released program's probabilities, of scores that are not scaled.
func TestLouderWords(t *testing.T) {
	const heads, keys, channels, factor = 2, 9, 12, 100
	golden := o2magGolden(t)
	m := bends{target: tensor.Float32s(golden("graft.mask_target"))}
	value := golden("reweight.v")
	louder := func(factor float64) []float32 {
		in := []*gt.Dense{
			golden("reweight.q"), golden("reweight.k"), value,
			tensor.FromFloat32s(m.wordQueries(heads), 1, 16*heads, 1),
			tensor.FromFloat32s(wordKeys(keys, heads, []int{4, 5}, factor), 1, keys*heads, 1),
		}
		return nntest.Run(t, func(_ *nn.Build, in G.Nodes) []*G.Node {
			return G.Nodes{biasedAttention(nn.Scale(in[0], float32(math.Sqrt(channels/heads))), in[1], in[2], in[3], in[4], heads)}
		}, in)[0]
	}
	mixed := func(p []float32) []float32 {
		return nntest.Run(t, func(_ *nn.Build, in G.Nodes) []*G.Node { return G.Nodes{nn.AttentionMix(in[0], in[1])} },
			[]*gt.Dense{tensor.FromFloat32s(p, 1, heads, 16, keys), value})[0]
	}
	near(t, "stronger words", louder(factor), mixed(tensor.Float32s(golden("words.output"))), 1e-5)
	near(t, "words as they are", louder(1), mixed(tensor.Float32s(golden("words.p"))), 1e-5)
}

// TestLastSites wants those that the paper names, of Stable Diffusion 1.5.
func TestLastSites(t *testing.T) {
	cross := []string{"down_blocks.0.attentions.0.transformer_blocks.0.attn2", "mid_block.attentions.0.transformer_blocks.0.attn2"}
	for _, at := range []string{"1.attentions.0", "1.attentions.1", "1.attentions.2", "2.attentions.0", "2.attentions.1", "2.attentions.2", "3.attentions.0", "3.attentions.1", "3.attentions.2"} {
		cross = append(cross, "up_blocks."+at+".transformer_blocks.0.attn2")
	}
	got := lastSites(cross, 7)
	if len(got) != 7 || !got["up_blocks.1.attentions.2.transformer_blocks.0.attn1"] || got["up_blocks.1.attentions.1.transformer_blocks.0.attn1"] {
		t.Errorf("the last 7 sites are %v", got)
	}
	if got := lastSites(cross, 99); len(got) != 9 {
		t.Errorf("of 9 sites on the way up, the last 99 are %v", got)
	}
	if got := lastSites(cross, 0); len(got) != 0 {
		t.Errorf("no sites are %v", got)
	}
}

// TestBends: a pixel is enough for a cell of the target and of the reference; normal keys are outside by their corner.
func TestBends(t *testing.T) {
	g := &O2MAG{mask: make([]float32, 6*8)}
	g.size.X, g.size.Y = 8, 6
	g.mask[5*8+7] = 1 // the last pixel
	target := make([]float32, 6*8)
	target[1*8+1], target[3*8+4] = 1, 1 // inside the first cell, and in the corner of another
	want := bends{
		target:    []float32{1, 0, 0, 0, 0, 0, 1, 0},
		reference: []float32{0, 0, 0, 0, 0, 0, 0, 1},
		outside:   []float32{1, 1, 1, 1, 1, 1, 0, 1},
	}
	if diff := cmp.Diff(want, g.bends(target, 2, 4), cmp.AllowUnexported(bends{})); diff != "" {
		t.Error(diff)
	}
	if got := mostOf(target, g.size, 4, 4); !slices.Equal(got, []float32{1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0}) {
		t.Errorf("cells of 1½ rows, of which some have one in common: %v", got)
	}
}
