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

// Step is a UNet compiled for latents of one size: noise predictions, and the
// gradient of a loss over what its attention sites did. Its methods may be
// called by several goroutines, like those of its Pipeline.
type Step struct {
	p        *Pipeline
	h, w     int
	options  stepOptions
	gradient *nn.Program // nil without a loss

	denoise programs[int] // by batch
}

// Variable is an input of the UNet that a gradient may be taken of.
type Variable string

// The inputs that a gradient may be taken of.
const (
	LatentInput Variable = "latent" // [1, C, h, w]
	TextInput   Variable = "text"   // [1, T, d]
)

// StepOption says what a Step computes.
type StepOption func(*stepOptions)

type stepOptions struct {
	hooks  []nn.Hook
	stores []*AttnStore
	loss   func() *G.Node
	read   func() []*G.Node
	wrt    []Variable
	budget int64
}

// WithHook lets h change the attention sites, in predictions and under the
// gradient alike. Given several times, hooks are called in that order (default:
// none).
func WithHook(h nn.Hook) StepOption {
	return func(o *stepOptions) { o.hooks = append(o.hooks, h) }
}

// WithStore records attention for WithLoss and WithRead. Hooks come first, so
// that a store sees what they left.
func WithStore(s *AttnStore) StepOption {
	return func(o *stepOptions) { o.stores = append(o.stores, s) }
}

// WithLoss is a scalar over stored nodes. It is called once, after the UNet was
// built.
func WithLoss(loss func() *G.Node) StepOption { return func(o *stepOptions) { o.loss = loss } }

// WithRead returns further nodes whose values Grad reports. It is called once,
// after the loss. Without WithLoss it is Predict that reports them, and read is
// called once for each size of a batch; with it, predictions do not pay for what
// is read or stored.
func WithRead(read func() []*G.Node) StepOption { return func(o *stepOptions) { o.read = read } }

// WithGrad asks for the gradient of the loss with respect to variables
// (default: the loss alone).
func WithGrad(of ...Variable) StepOption {
	return func(o *stepOptions) { o.wrt = append(o.wrt, of...) }
}

// WithMemory limits the memory for activations under the gradient, in bytes, by
// computing blocks twice (default: 0, no limit). Compile fails with ErrBudget
// where that does not do; see nn.WithBudget.
func WithMemory(bytes int64) StepOption { return func(o *stepOptions) { o.budget = bytes } }

// Compile builds the graphs for latents of h×w. With a loss its graph is built
// at once, so that a mistake in a loss or hook is an error here; the graph of
// predictions is built when it is first used.
func (p *Pipeline) Compile(h, w int, opts ...StepOption) (*Step, error) {
	s := &Step{p: p, h: h, w: w}
	for _, opt := range opts {
		if opt != nil {
			opt(&s.options)
		}
	}
	for _, v := range s.options.wrt {
		if v != LatentInput && v != TextInput {
			return nil, fmt.Errorf("a gradient of %q was asked for; there are %q and %q", v, LatentInput, TextInput)
		}
	}
	if err := p.checkLatentSize(h, w); err != nil {
		return nil, err
	}
	switch o := s.options; {
	case slices.ContainsFunc(o.hooks, func(h nn.Hook) bool { return h == nil }):
		return nil, fmt.Errorf("WithHook was given a nil hook")
	case slices.Contains(o.stores, nil):
		return nil, fmt.Errorf("WithStore was given a nil store")
	case o.loss != nil:
		return s, s.compileGradient()
	case len(o.wrt) > 0:
		return nil, fmt.Errorf("a gradient was asked for without a loss: give WithLoss")
	case len(o.stores) > 0 && o.read == nil:
		return nil, fmt.Errorf("a store was given and nothing that uses it: give WithLoss or WithRead")
	}
	return s, nil
}

func (s *Step) compileGradient() error {
	prog, err := s.p.compile("loss and gradient", func(b *nn.Build) []*G.Node {
		in := s.inputs(b, 1)
		s.p.UNet.Forward(b, in[LatentInput], in["timestep"], in[TextInput])
		out := []*G.Node{s.options.loss()}
		if s.options.read != nil {
			out = append(out, s.options.read()...)
		}
		if len(s.options.wrt) > 0 {
			out = append(out, b.Grad(out[0], in.of(s.options.wrt)...)...)
		}
		return out
	}, nn.WithHooks(s.recorded()...), nn.WithBudget(s.options.budget))
	s.gradient = prog
	return err
}

// recorded is the hooks, with those of the stores, emptied, behind them.
func (s *Step) recorded() []nn.Hook {
	hooks := slices.Clone(s.options.hooks)
	for _, store := range s.options.stores {
		store.Reset()
		hooks = append(hooks, store.Hook())
	}
	return hooks
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

func (s *Step) inputs(b *nn.Build, batch int) inputs {
	c := s.p.UNet.Config
	return inputs{
		LatentInput: b.Input(string(LatentInput), batch, c.InChannels, s.h, s.w),
		"timestep":  b.Input("timestep", batch),
		TextInput:   b.Input(string(TextInput), batch, s.p.Tokenizer.Length(), c.CrossAttentionDim),
	}
}

// Gradient is what one pass with a loss gives.
type Gradient struct {
	Loss   float32
	Latent *gt.Dense   // d loss / d latent, nil if it was not asked for
	Text   *gt.Dense   // d loss / d text, nil if it was not asked for
	Read   []*gt.Dense // the values that WithRead chose
}

// Grad computes the loss at latent z and timestep t with the text embedding
// text [1, T, d], and its gradients. Only what they need of the UNet is run.
func (s *Step) Grad(ctx context.Context, z Latent, t float64, text *gt.Dense) (*Gradient, error) {
	if s.gradient == nil {
		return nil, fmt.Errorf("this Step was compiled without a loss")
	}
	if err := errors.Join(checkFloats("the latent", z.Dense), checkFloats("the embedding of the prompt", text)); err != nil {
		return nil, err
	}
	out, err := s.gradient.Run(ctx, map[string]*gt.Dense{
		string(LatentInput): z.Dense, "timestep": scalarBatch(t), string(TextInput): text,
	})
	if err != nil {
		return nil, err
	}
	grads := len(out) - len(s.options.wrt)
	g := &Gradient{Loss: tensor.Float32s(out[0])[0], Read: out[1:grads]}
	for i, v := range s.options.wrt {
		switch d := out[grads+i]; v {
		case LatentInput:
			g.Latent = d
		case TextInput:
			g.Text = d
		}
	}
	return g, nil
}

// GradFLOPs is the work of one Grad, 0 without a loss; see nn.Program.FLOPs.
func (s *Step) GradFLOPs() int64 {
	if s.gradient == nil {
		return 0
	}
	return s.gradient.FLOPs()
}
