package main

import (
	"context"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// workload is one thing to measure: load prepares it, and what load returns
// runs it once, under the context that load got.
type workload struct {
	name  string
	peers []string // what it is compared with, see peers.py
	load  func(ctx context.Context, o options) (run func() error, err error)
}

func workloads() []workload {
	return slices.Concat(graphs(), networks(), windows(), neighbours(), generators(), attentions())
}

// graphs are whole models and steps.
func graphs() []workload {
	torch, both := []string{"torch"}, []string{"torch", "openvino"} // OpenVINO has no gradients
	return []workload{
		{"unet.b1", both, func(ctx context.Context, o options) (func() error, error) { return unetForward(ctx, o, 1) }},
		{"unet.b2", both, func(ctx context.Context, o options) (func() error, error) { return unetForward(ctx, o, 2) }},
		{"unet.grad", torch, unetGradient},
		{"unet.latt", torch, unetAttention},
		{"vae.decode", both, vaeDecode},
		{"vae.encode", both, vaeEncode},
		{"vae.decode.grad", torch, vaeDecodeGradient},
		{"taesd.decode", both, tinyDecode},
		{"taesd.encode", both, tinyEncode},
		{"taesd.decode.grad", torch, tinyDecodeGradient},
		{"clip.text", both, clipText},
		{"clip.image", both, clipImage},
		{"clip.image.grad", torch, clipImageGradient},
		{"anomalyany.step", torch, func(ctx context.Context, o options) (func() error, error) { return anomalyStep(ctx, o, false) }},
		{"anomalyany.refine", torch, func(ctx context.Context, o options) (func() error, error) { return anomalyStep(ctx, o, true) }},
		{"anomalyany.look", torch, anomalyLook},
		{"inversion.step", []string{"torch", "torch-checkpointing"}, inversionStep},
	}
}

func names(of []workload) []string {
	var all []string
	for _, w := range of {
		all = append(all, w.name)
	}
	return all
}

// usual are what is measured if nothing else is asked for.
func (o options) usual() []string {
	switch {
	case o.onGPU():
		return names(append(graphs(), attentions()...))
	case o.precision() != kernels.Float32:
		return names(slices.Concat(graphs(), networks(), windows()))
	}
	return names(slices.Concat(graphs(), networks(), windows(), neighbours(), generators()))
}

// find is the workload of a name that complete has checked.
func find(name string) workload {
	for _, w := range workloads() {
		if w.name == name {
			return w
		}
	}
	panic("no workload " + name)
}

// graph is a graph with the values of its inputs.
type graph struct {
	*nn.Build
	values map[string]*gt.Dense
}

// normal adds an input of standard normal numbers.
func (g graph) normal(name string, shape ...int) *G.Node {
	g.values[name] = tensor.FromFloat32s(tensor.NewRand(1).Randn(gt.Shape(shape).TotalSize()), shape...)
	return g.Input(name, shape...)
}

// value adds an input of one number for each of a batch.
func (g graph) value(name string, v float32, batch int) *G.Node {
	values := make([]float32, batch)
	for i := range values {
		values[i] = v
	}
	g.values[name] = tensor.FromFloat32s(values, batch)
	return g.Input(name, batch)
}

// meanSquare is mean(x²).
func meanSquare(x *G.Node) *G.Node { return nn.Mean(nn.Mul(x, x)) }

// program compiles a graph and returns what runs it.
func (o options) program(ctx context.Context, build func(g graph) []*G.Node, opts ...nn.Option) (func() error, error) {
	values := map[string]*gt.Dense{}
	opts = append(opts, nn.WithPrecision(o.precision()), nn.WithMemory(o.budget()))
	if o.device != nil {
		opts = append(opts, nn.WithArena(nn.NewArenaOn(o.device)))
	}
	p, err := nn.Compile(func(b *nn.Build) []*G.Node { return build(graph{b, values}) }, opts...)
	if err != nil {
		return nil, err
	}
	return func() error {
		_, err := p.Run(ctx, values)
		return err
	}, nil
}

// budget is the memory for activations in bytes, 0 without a limit.
func (o options) budget() int64 { return int64(o.Memory * (1 << 30)) }

// tokens is the length of a prompt.
const tokens = 77

func unetForward(ctx context.Context, o options, batch int) (func() error, error) {
	m, err := o.unet(ctx)
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		z, e := g.normal("z", batch, m.Config.InChannels, o.Size/8, o.Size/8), g.normal("e", batch, tokens, m.Config.CrossAttentionDim)
		return []*G.Node{m.Forward(g.Build, z, g.value("t", 500, batch), e)}
	})
}

// unetGradient is the gradient of mean(out²) with respect to latent and text.
func unetGradient(ctx context.Context, o options) (func() error, error) {
	m, err := o.unet(ctx)
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		z, e := g.normal("z", 1, m.Config.InChannels, o.Size/8, o.Size/8), g.normal("e", 1, tokens, m.Config.CrossAttentionDim)
		loss := meanSquare(m.Forward(g.Build, z, g.value("t", 500, 1), e))
		return append([]*G.Node{loss}, g.Grad(loss, z, e)...)
	})
}

// unetAttention is a loss on the cross-attention maps at a quarter of the
// latent, as AnomalyAny has it, with its gradient with respect to the latent.
func unetAttention(ctx context.Context, o options) (func() error, error) {
	m, err := o.unet(ctx)
	if err != nil {
		return nil, err
	}
	side := o.Size / 32
	store := diffusion.NewAttnStore(diffusion.Cross(side, side))
	return o.program(ctx, func(g graph) []*G.Node {
		z, e := g.normal("z", 1, m.Config.InChannels, o.Size/8, o.Size/8), g.normal("e", 1, tokens, m.Config.CrossAttentionDim)
		m.Forward(g.Build, z, g.value("t", 500, 1), e)
		maps := diffusion.TokenMaps(store.Mean())
		loss := diffusion.AttendAndExcite(diffusion.TokenMap(maps, side, side, 8, nn.StandardGaussian(0.5)))
		return append([]*G.Node{loss}, g.Grad(loss, z)...)
	}, nn.WithHooks(store.Hook()))
}

func vaeDecode(ctx context.Context, o options) (func() error, error) {
	m, err := o.vae(ctx)
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		return []*G.Node{m.Decode(g.Build, g.normal("z", 1, m.Config.LatentChannels, o.Size/8, o.Size/8))}
	})
}

func vaeEncode(ctx context.Context, o options) (func() error, error) {
	m, err := o.vae(ctx)
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		mean, logvar := m.Encode(g.Build, g.normal("image", 1, m.Config.InChannels, o.Size, o.Size))
		return []*G.Node{mean, logvar}
	})
}

func vaeDecodeGradient(ctx context.Context, o options) (func() error, error) {
	m, err := o.vae(ctx)
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		z := g.normal("z", 1, m.Config.LatentChannels, o.Size/8, o.Size/8)
		loss := meanSquare(m.Decode(g.Build, z))
		return append([]*G.Node{loss}, g.Grad(loss, z)...)
	})
}

func tinyDecode(ctx context.Context, o options) (func() error, error) {
	m, err := o.tiny()
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		return []*G.Node{m.Decode(g.Build, g.normal("z", 1, m.Config.LatentChannels, o.Size/8, o.Size/8))}
	})
}

func tinyEncode(ctx context.Context, o options) (func() error, error) {
	m, err := o.tiny()
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		return []*G.Node{m.Encode(g.Build, g.normal("image", 1, m.Config.InChannels, o.Size, o.Size))}
	})
}

func tinyDecodeGradient(ctx context.Context, o options) (func() error, error) {
	m, err := o.tiny()
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		z := g.normal("z", 1, m.Config.LatentChannels, o.Size/8, o.Size/8)
		loss := meanSquare(m.Decode(g.Build, z))
		return append([]*G.Node{loss}, g.Grad(loss, z)...)
	})
}

func clipText(ctx context.Context, o options) (func() error, error) {
	m, err := o.text(ctx)
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		ids := make([]float32, tokens)
		for i := range ids {
			ids[i] = float32(i)
		}
		g.values["ids"] = tensor.FromFloat32s(ids, 1, tokens)
		return []*G.Node{m.Forward(g.Build, g.Input("ids", 1, tokens))}
	})
}

func clipImage(ctx context.Context, o options) (func() error, error) {
	m, err := o.clip(ctx)
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		side := m.Config.Vision.ImageSize
		x := g.normal("x", 1, side*side, 3)
		return []*G.Node{m.ImageEmbeds(g.Build, nn.FeatureMap{X: x, H: side, W: side})}
	})
}

func clipImageGradient(ctx context.Context, o options) (func() error, error) {
	m, err := o.clip(ctx)
	if err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		side := m.Config.Vision.ImageSize
		x := g.normal("x", 1, side*side, 3)
		loss := meanSquare(m.ImageEmbeds(g.Build, nn.FeatureMap{X: x, H: side, W: side}))
		return append([]*G.Node{loss}, g.Grad(loss, x)...)
	})
}
