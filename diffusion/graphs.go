package diffusion

import (
	"fmt"
	"slices"
	"time"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// graphs are those of a pipeline that depend on the shapes of their inputs alone.
type graphs struct {
	embed, text         *nn.Exec // ids → vectors of tokens; vectors → hidden states
	clipText, clipImage *nn.Exec // ids and the pooled position, image → embeddings
	encode, decode      *nn.Exec // image → mean and log-variance; z → picture
	preview             *nn.Exec // z → picture, by the tiny autoencoder
	noise               *nn.Exec // latent, timestep and text → noise
}

func (p *Pipeline) newGraphs() graphs {
	return graphs{
		embed: p.graph("token vectors", func(b *nn.Build) []*G.Node {
			return []*G.Node{p.Text.Embed(b, b.Given("ids"))}
		}),
		text: p.graph("text encoder", func(b *nn.Build) []*G.Node {
			return []*G.Node{p.Text.Encode(b, b.Given("vectors"))}
		}),
		clipText: p.graph("CLIP text", func(b *nn.Build) []*G.Node {
			return []*G.Node{p.CLIP.TextEmbeds(b, b.Given("ids"), b.Given("pooled"))}
		}),
		clipImage: p.graph("CLIP picture", func(b *nn.Build) []*G.Node {
			return []*G.Node{p.CLIP.ImageEmbeds(b, p.CLIP.PictureForCLIP(b.Given("image")))}
		}),
		encode: p.graph("VAE encoder", func(b *nn.Build) []*G.Node {
			mean, logvar := p.VAE.Encode(b, b.Given("image"))
			return []*G.Node{mean, logvar}
		}),
		decode: p.graph("VAE decoder", func(b *nn.Build) []*G.Node {
			return []*G.Node{p.VAE.Decode(b, nn.Scale(b.Given("z"), 1/p.VAE.Config.ScalingFactor))}
		}),
		preview: p.graph("tiny decoder", func(b *nn.Build) []*G.Node {
			return []*G.Node{p.TAESD.Decode(b, b.Given("z"))}
		}),
		noise: p.noiseGraph(),
	}
}

// noiseGraph is a UNet whose output is all that is asked of it.
func (p *Pipeline) noiseGraph(opts ...nn.Option) *nn.Exec {
	return p.graph("noise prediction", func(b *nn.Build) []*G.Node {
		noise, _ := p.predictNoise(b)
		return []*G.Node{noise}
	}, opts...)
}

// graph is a graph for inputs of any shape; its programs are made by Program.
func (p *Pipeline) graph(name string, build func(b *nn.Build) []*G.Node, opts ...nn.Option) *nn.Exec {
	compile := func(build func(b *nn.Build) []*G.Node, opts ...nn.Option) (*nn.Program, error) {
		return p.Program(name, build, opts...)
	}
	return nn.NewExec(build, append(opts, nn.WithCompiler(compile), nn.WithArena(p.arena))...)
}

// Program compiles a graph that runs between the pipeline's own, such as a loss on
// the decoded picture, as nn.Compile does: in their arena and precision, until the
// pipeline is closed, provided that the weights are still what was opened. The name
// is for errors and the log.
func (p *Pipeline) Program(name string, build func(b *nn.Build) []*G.Node, opts ...nn.Option) (*nn.Program, error) {
	p.life.RLock()
	defer p.life.RUnlock()
	if p.closed {
		return nil, fmt.Errorf("%s: the pipeline is %w", name, ErrClosed)
	}
	for _, f := range p.files {
		if err := f.Changed(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	started := time.Now()
	prog, err := nn.Compile(build, append(slices.Clip(opts),
		nn.WithArena(p.arena), nn.WithPrecision(p.precision), nn.WithMemoryHint("make the picture smaller"))...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.log.Debug("graph compiled", "name", name, "inputs", prog.Inputs(), "operations", prog.Instructions(), "memory", nn.ByteSize(prog.ArenaBytes()),
		"blocks computed twice", prog.Recomputed(), "took", time.Since(started))
	return prog, nil
}
