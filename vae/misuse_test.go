package vae

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
	encode := func(of *Model, shape ...int) func() error {
		return func() error {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node {
				mean, logvar := of.Encode(b, b.Input("image", shape...))
				return G.Nodes{mean, logvar}
			})
			return err
		}
	}
	decode := func(of *Model, shape ...int) func() error {
		return func() error {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node { return G.Nodes{of.Decode(b, b.Input("z", shape...))} })
			return err
		}
	}
	small := randomTiny(t, tinyTiny())
	tinyEncode := func(of *Tiny, shape ...int) func() error {
		return func() error {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node { return G.Nodes{of.Encode(b, b.Input("image", shape...))} })
			return err
		}
	}
	tinyDecode := func(of *Tiny, shape ...int) func() error {
		return func() error {
			_, err := nn.Compile(func(b *nn.Build) []*G.Node { return G.Nodes{of.Decode(b, b.Input("z", shape...))} })
			return err
		}
	}
	build := func(c Config) func() error { return func() error { _, err := New(c); return err } }
	without := func(change func(c *Config)) Config { c := tiny(); change(&c); return c }
	nntest.Misuse{
		Refused: map[string][]func() error{
			"New": {
				build(Config{}),
				build(without(func(c *Config) { c.BlockOutChannels = nil })),
				build(without(func(c *Config) { c.NormNumGroups = 0 })),
				build(without(func(c *Config) { c.LatentChannels = -1 })),
			},
			"Config.Validate": {Config{}.Validate},
			"Model.Encode":    {encode(m), encode(m, 3), encode(m, 0, 3, 8, 8), encode(m, 1, 3, 0, 8), encode(m, 1, 3, 7, 8), encode(&Model{}, 1, 3, 8, 8)},
			"Model.Decode":    {decode(m), decode(m, 4), decode(m, 0, 4, 8, 8), decode(m, 1, 4, 8, 0), decode(m, 1, 3, 8, 8), decode(&Model{}, 1, 4, 8, 8)},
			"NewTiny": {
				func() error { _, err := NewTiny(TinyConfig{}); return err },
				func() error { c := tinyTiny(); c.NumDecoderBlocks = nil; _, err := NewTiny(c); return err },
			},
			"TinyConfig.Validate": {TinyConfig{}.Validate},
			"Tiny.Encode":         {tinyEncode(small), tinyEncode(small, 3), tinyEncode(small, 0, 3, 8, 8), tinyEncode(small, 1, 3, 7, 8), tinyEncode(small, 1, 3, 0, 8), tinyEncode(&Tiny{}, 1, 3, 8, 8)},
			"Tiny.Decode":         {tinyDecode(small), tinyDecode(small, 4), tinyDecode(small, 0, 4, 8, 8), tinyDecode(small, 1, 3, 8, 8), tinyDecode(small, 1, 4, 0, 8), tinyDecode(&Tiny{}, 1, 4, 8, 8)},
			"ReadTinyConfig": {
				func() error { _, err := ReadTinyConfig(tensor.Dir{}); return err },
				func() error { _, err := ReadTinyConfig(tensor.InFS(fstest.MapFS{})); return err },
			},
			"ReadConfig": {
				func() error { _, err := ReadConfig(tensor.Dir{}); return err },
				func() error { _, err := ReadConfig(tensor.InFS(fstest.MapFS{})); return err },
			},
		},
		Harmless: map[string][]func(){
			"Config.Factor":     {func() { Config{}.Factor() }},
			"TAESD":             {func() { TAESD() }},
			"TinyConfig.Factor": {func() { TinyConfig{}.Factor() }},
			"StableDiffusion15": {func() { StableDiffusion15() }},
		},
	}.Check(t)
}
