package diffusion

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// Denoiser is a pipeline's UNet compiled for latents of one size. It predicts noise,
// and computes the gradient of a loss over what its attention sites did. Its
// methods may be called by several goroutines, like those of the Pipeline.
type Denoiser struct {
	p        *Pipeline
	h, w     int
	options  denoiserOptions
	gradient *nn.Program // nil without a loss
	noise    *nn.Exec    // predictions for a batch of any size
}

// Variable is an input of the UNet that a gradient may be taken with respect to.
type Variable string

// The inputs that a gradient may be taken with respect to.
const (
	LatentInput Variable = "latent" // [1, C, h, w]
	TextInput   Variable = "text"   // [1, T, d]
)

// DenoiserOption says what a Denoiser computes.
type DenoiserOption func(*denoiserOptions)

type denoiserOptions struct {
	hooks  []nn.Hook
	stores []*AttnStore
	loss   func() *G.Node
	inputs []lossInput
	read   func() []*G.Node
	wrt    []Variable
	memory int64
}

// lossInput is an input of a loss, and where its node goes.
type lossInput struct {
	node  **G.Node
	shape gt.Shape
}

func (in lossInput) check() error {
	switch {
	case in.node == nil:
		return badArgument("WithInput was given no place for the node")
	case slices.ContainsFunc(in.shape, func(n int) bool { return n < 1 }):
		return badArgument("WithInput was given the shape %v, want sizes from 1 on", in.shape)
	}
	return nil
}

// WithHook lets h read and change the attention sites, for predictions and for the
// loss alike (default: none). Several hooks are called in the order in which they
// are given.
func WithHook(h nn.Hook) DenoiserOption {
	return func(o *denoiserOptions) { o.hooks = append(o.hooks, h) }
}

// WithStore lets s record attention for WithLoss and WithRead (default: none). It
// records what the hooks have left.
func WithStore(s *AttnStore) DenoiserOption {
	return func(o *denoiserOptions) { o.stores = append(o.stores, s) }
}

// WithLoss lets Grad compute a loss (default: there is none). The function returns
// a scalar node, usually made of what stores recorded; Compile calls it once, when
// the UNet is built.
func WithLoss(loss func() *G.Node) DenoiserOption { return func(o *denoiserOptions) { o.loss = loss } }

// WithInput gives the loss an input of its own, such as a mask, whose value may be
// another in every Grad (default: none). Its node is in *node when the function of
// WithLoss is called. Of several inputs, Grad takes the values in the order in which
// they are given.
func WithInput(node **G.Node, shape ...int) DenoiserOption {
	return func(o *denoiserOptions) { o.inputs = append(o.inputs, lossInput{node, slices.Clone(shape)}) }
}

// WithRead adds values to a result: those of the nodes that read returns (default:
// none). With a loss they are in Gradient.Read, and Compile calls read once, after
// the loss; predictions then neither record nor read anything. Without a loss they
// are in Prediction.Read, and read is called for each size of batch.
func WithRead(read func() []*G.Node) DenoiserOption {
	return func(o *denoiserOptions) { o.read = read }
}

// WithGrad lets Grad compute the gradients of the loss with respect to these inputs
// (default: the loss alone).
func WithGrad(of ...Variable) DenoiserOption {
	return func(o *denoiserOptions) { o.wrt = append(o.wrt, of...) }
}

// WithMemory limits the memory that Grad takes for activations, in bytes (default:
// 0, no limit): the forward pass of blocks is recomputed in the backward pass where
// that is needed. Compile fails with ErrMemory where it is not enough. See
// nn.WithMemory.
func WithMemory(bytes int64) DenoiserOption { return func(o *denoiserOptions) { o.memory = bytes } }

// Compile returns a Denoiser for latents of h×w. The graph of a loss is built at
// once, so that a mistake in a loss or a hook is an error of Compile; that of
// predictions is built when it is needed first.
func (p *Pipeline) Compile(h, w int, opts ...DenoiserOption) (*Denoiser, error) {
	d := &Denoiser{p: p, h: h, w: w}
	for _, opt := range opts {
		if opt != nil {
			opt(&d.options)
		}
	}
	for _, v := range d.options.wrt {
		if v != LatentInput && v != TextInput {
			return nil, badArgument("a gradient of %q was asked for; there are %q and %q", v, LatentInput, TextInput)
		}
	}
	for _, in := range d.options.inputs {
		if err := in.check(); err != nil {
			return nil, err
		}
	}
	if err := p.checkLatentSize(h, w); err != nil {
		return nil, err
	}
	switch o := d.options; {
	case slices.ContainsFunc(o.hooks, func(h nn.Hook) bool { return h == nil }):
		return nil, badArgument("WithHook was given a nil hook")
	case slices.Contains(o.stores, nil):
		return nil, badArgument("WithStore was given a nil store")
	case o.loss == nil && len(o.wrt) > 0:
		return nil, badArgument("a gradient was asked for without a loss: give WithLoss")
	case o.loss == nil && len(o.inputs) > 0:
		return nil, badArgument("an input was given without a loss that it belongs to: give WithLoss")
	case o.loss == nil && len(o.stores) > 0 && o.read == nil:
		return nil, badArgument("a store was given and nothing that uses it: give WithLoss or WithRead")
	}
	d.noise = d.predictions()
	return d, d.compileGradient()
}

// compileGradient builds the loss and its gradients, if there is a loss.
func (d *Denoiser) compileGradient() (err error) {
	if d.options.loss == nil {
		return nil
	}
	d.gradient, err = d.p.graph("loss and gradient", func(b *nn.Build) []*G.Node {
		d.resetStores()
		_, in := d.p.predictNoise(b)
		for i, of := range d.options.inputs {
			*of.node = b.Input(lossInputName(i), of.shape...)
		}
		out := []*G.Node{d.options.loss()}
		if d.options.read != nil {
			out = append(out, d.options.read()...)
		}
		if len(d.options.wrt) > 0 {
			out = append(out, b.Grad(out[0], in.of(d.options.wrt)...)...)
		}
		return out
	}, nn.WithHooks(d.recorded()...), nn.WithMemory(d.options.memory)).Program(d.shapes(1))
	return err
}

// lossInputName is what the graph calls the i-th of the loss's own inputs.
func lossInputName(i int) string { return fmt.Sprintf("input %d of the loss", i+1) }

// recorded is the hooks, with those of the stores behind them.
func (d *Denoiser) recorded() []nn.Hook {
	hooks := slices.Clone(d.options.hooks)
	for _, store := range d.options.stores {
		hooks = append(hooks, store.Hook())
	}
	return hooks
}

// resetStores empties the stores for the graph that is about to be built.
func (d *Denoiser) resetStores() {
	for _, store := range d.options.stores {
		store.Reset()
	}
}

// inputs are the input nodes of a UNet's graph.
type inputs map[Variable]*G.Node

func (in inputs) of(vs []Variable) []*G.Node {
	var nodes []*G.Node
	for _, v := range vs {
		nodes = append(nodes, in[v])
	}
	return nodes
}

// timestepInput is an input of the UNet that no gradient is taken of, [batch].
const timestepInput Variable = "timestep"

// predictNoise builds the UNet over its inputs.
func (p *Pipeline) predictNoise(b *nn.Build) (noise *G.Node, in inputs) {
	in = inputs{}
	for _, v := range []Variable{LatentInput, timestepInput, TextInput} {
		in[v] = b.Given(string(v))
	}
	return p.UNet.Forward(b, in[LatentInput], in[timestepInput], in[TextInput]), in
}

// shapes are those of the inputs for a batch.
func (d *Denoiser) shapes(batch int) map[string]gt.Shape {
	c := d.p.UNet.Config
	return map[string]gt.Shape{
		string(LatentInput):   {batch, c.InChannels, d.h, d.w},
		string(timestepInput): {batch},
		string(TextInput):     {batch, d.p.Tokenizer.Length(), c.CrossAttentionDim},
	}
}

// Gradient is what Denoiser.Grad computes.
type Gradient struct {
	Loss   float32
	Latent *gt.Dense   // d loss / d latent, nil if it was not asked for
	Text   *gt.Dense   // d loss / d text, nil if it was not asked for
	Read   []*gt.Dense // the values that WithRead chose
}

// Grad computes the loss, its gradients, and what WithRead reads, for the latent z
// [1, C, h, w] at timestep t with a prompt. z is scaled as for Denoise, and values
// are those of the inputs of WithInput. Only the part of the UNet that they depend
// on is run.
func (d *Denoiser) Grad(ctx context.Context, z Latent, t float64, prompt Prompt, values ...*gt.Dense) (*Gradient, error) {
	if d.gradient == nil {
		return nil, badArgument("this Denoiser was compiled without a loss")
	}
	if len(values) != len(d.options.inputs) {
		return nil, badArgument("%d values for the loss's own inputs, of which WithInput gave it %d", len(values), len(d.options.inputs))
	}
	if err := errors.Join(checkFloats("the latent", z.Dense), checkFloats("the embedding of the prompt", prompt.Hidden)); err != nil {
		return nil, err
	}
	in := map[string]*gt.Dense{string(LatentInput): z.Dense, string(timestepInput): scalarBatch(t), string(TextInput): prompt.Hidden}
	for i, v := range values {
		in[lossInputName(i)] = v
	}
	out, err := d.gradient.Run(ctx, in)
	if err != nil {
		return nil, err
	}
	grads := len(out) - len(d.options.wrt)
	g := &Gradient{Loss: tensor.Float32s(out[0])[0], Read: out[1:grads]}
	for i, v := range d.options.wrt {
		switch d := out[grads+i]; v {
		case LatentInput:
			g.Latent = d
		case TextInput:
			g.Text = d
		}
	}
	return g, nil
}

// GradFLOPs returns the work of one Grad in floating-point operations, as
// nn.Program.FLOPs counts them; 0 without a loss.
func (d *Denoiser) GradFLOPs() int64 {
	if d.gradient == nil {
		return 0
	}
	return d.gradient.FLOPs()
}
