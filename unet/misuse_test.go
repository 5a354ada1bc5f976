package unet

import (
	"testing"
	"testing/fstest"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestMisuse calls what is exported with arguments that are empty or do not fit.
func TestMisuse(t *testing.T) {
	m := random(t, tiny())
	forward := func(of *Model, sample, timestep, text []int) func() error {
		return func() error {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node {
				return G.Nodes{of.Forward(b, b.Input("z", sample...), b.Input("t", timestep...), b.Input("text", text...))}
			})
			return err
		}
	}
	build := func(c Config) func() error { return func() error { _, err := New(c); return err } }
	without := func(change func(c *Config)) Config { c := tiny(); change(&c); return c }
	nntest.Misuse{
		Refused: map[string][]func() error{
			"New": {
				build(Config{}),
				build(without(func(c *Config) { c.DownBlockTypes = nil })),
				build(without(func(c *Config) { c.LayersPerBlock = nil })),
				build(without(func(c *Config) { c.AttentionHeadDim = nil })),
				build(without(func(c *Config) { c.BlockOutChannels = []int{-32, 0} })),
				build(without(func(c *Config) { c.NumAttentionHeads = PerBlock{0, 0} })),
			},
			"Config.Validate": {Config{}.Validate},
			"Model.Forward": {
				forward(m, nil, nil, nil), forward(m, []int{1}, []int{1}, []int{1}), forward(m, []int{0, 4, 8, 8}, []int{0}, []int{0, 5, 16}),
				forward(m, []int{1, 4, 0, 8}, []int{1}, []int{1, 5, 16}), forward(m, []int{1, 4, 8, 8}, []int{1}, []int{1, 0, 16}),
				forward(&Model{}, []int{1, 4, 8, 8}, []int{1}, []int{1, 5, 16}),
				func() error {
					_, err := nn.Compile(func(b *nn.Build) []*G.Node { return G.Nodes{m.Forward(b, nil, nil, nil)} })
					return err
				},
			},
			"ReadConfig": {
				func() error { _, err := ReadConfig(tensor.Dir{}); return err },
				func() error { _, err := ReadConfig(tensor.InFS(fstest.MapFS{})); return err },
			},
			"PerBlock.UnmarshalJSON": {
				func() error { return new(PerBlock).UnmarshalJSON(nil) },
				func() error { return new(PerBlock).UnmarshalJSON([]byte("{}")) },
			},
		},
		Harmless: map[string][]func(){
			"Config.Factor":     {func() { Config{}.Factor() }},
			"Model.CrossSites":  {func() { m.CrossSites(0, -1); new(Model).CrossSites(8, 8) }},
			"StableDiffusion15": {func() { StableDiffusion15() }},
			"PerBlock.At":       {func() { PerBlock(nil).At(0); PerBlock{1, 2}.At(2); PerBlock{1, 2}.At(-1) }},
		},
	}.Check(t)
}
