package diffusion

import (
	"context"
	"fmt"
	"slices"
	"sync"

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

	mu      sync.Mutex          // guards denoise
	denoise map[int]*nn.Program // by batch
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
// gradient alike.
func WithHook(h nn.Hook) StepOption {
	return func(o *stepOptions) { o.hooks = append(o.hooks, h) }
}

// WithStore records attention for WithLoss and WithRead. Hooks come first, so
// that a store sees what they left. Predictions do not pay for it.
func WithStore(s *AttnStore) StepOption {
	return func(o *stepOptions) { o.stores = append(o.stores, s) }
}

// WithLoss is a scalar over stored nodes. It is called once, after the UNet was
// built.
func WithLoss(loss func() *G.Node) StepOption { return func(o *stepOptions) { o.loss = loss } }

// WithRead returns further nodes whose values Grad reports. It is called once,
// after the loss.
func WithRead(read func() []*G.Node) StepOption { return func(o *stepOptions) { o.read = read } }

// WithGrad asks for the gradient of the loss with respect to variables.
func WithGrad(of ...Variable) StepOption {
	return func(o *stepOptions) { o.wrt = append(o.wrt, of...) }
}

// WithMemory limits the memory for activations, in bytes, by computing blocks
// twice; see nn.WithBudget.
func WithMemory(bytes int64) StepOption { return func(o *stepOptions) { o.budget = bytes } }

// Compile builds the graphs for latents of h×w. With a loss its graph is built
// at once, so that a mistake in a loss or hook is an error here; the graph of
// predictions is built when it is first used.
func (p *Pipeline) Compile(h, w int, opts ...StepOption) (*Step, error) {
	s := &Step{p: p, h: h, w: w, denoise: map[int]*nn.Program{}}
	for _, opt := range opts {
		opt(&s.options)
	}
	for _, v := range s.options.wrt {
		if v != LatentInput && v != TextInput {
			return nil, fmt.Errorf("a gradient of %q was asked for; there are %q and %q", v, LatentInput, TextInput)
		}
	}
	if err := p.CheckSize(h*p.Factor(), w*p.Factor()); err != nil {
		return nil, err
	}
	if s.options.loss == nil {
		if s.options.read != nil || len(s.options.wrt) > 0 || len(s.options.stores) > 0 {
			return nil, fmt.Errorf("a store, values to read or a gradient were asked for without a loss: give WithLoss")
		}
		return s, nil
	}
	return s, s.compileGradient()
}

func (s *Step) compileGradient() error {
	hooks := append([]nn.Hook(nil), s.options.hooks...)
	for _, store := range s.options.stores {
		store.Reset()
		hooks = append(hooks, store.Hook())
	}
	prog, err := nn.Compile(func(b *nn.Build) []*G.Node {
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
	}, nn.WithHooks(hooks...), nn.WithArena(s.p.arena), nn.WithBudget(s.options.budget))
	if err != nil {
		return fmt.Errorf("loss and gradient: %w", err)
	}
	s.gradient = prog
	return nil
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

// Guidance is what a prediction is conditioned on.
type Guidance struct {
	Prompt   *gt.Dense // [1, T, d]
	Negative *gt.Dense // [1, T, d]; nil for a prediction with the prompt alone
	Scale    float32   // w of classifier-free guidance
}

// Denoise predicts the noise in z at timestep t, [1, C, h, w]. With a negative
// prompt it is ε_n + w·(ε_p - ε_n) (Ho and Salimans, arXiv 2207.12598), both
// from one pass of batch 2. A prediction that is not finite is an error.
func (s *Step) Denoise(ctx context.Context, z Latent, t float64, g Guidance) (Latent, error) {
	texts := []*gt.Dense{g.Prompt}
	if g.Negative != nil {
		texts = []*gt.Dense{g.Negative, g.Prompt}
	}
	out, err := s.predict(ctx, z, t, texts)
	if err != nil {
		return Latent{}, err
	}
	eps := tensor.Float32s(out)
	if g.Negative != nil {
		n := len(eps) / 2
		for i, negative := range eps[:n] {
			eps[i] = negative + g.Scale*(eps[n+i]-negative)
		}
		eps = eps[:n]
	}
	return z.With(eps), checkFinite("the predicted noise", z.With(eps).Dense)
}

// GradFLOPs is the work of one Grad, 0 without a loss; see nn.Program.FLOPs.
func (s *Step) GradFLOPs() int64 {
	if s.gradient == nil {
		return 0
	}
	return s.gradient.FLOPs()
}

// DenoiseFLOPs is the work of one Denoise with so many texts, 1 or with
// guidance 2. It compiles the prediction, if that has not been done.
func (s *Step) DenoiseFLOPs(texts int) (int64, error) {
	prog, err := s.prediction(texts)
	if err != nil {
		return 0, err
	}
	return prog.FLOPs(), nil
}

// predict runs the UNet on z with each of the texts, in one batch.
func (s *Step) predict(ctx context.Context, z Latent, t float64, texts []*gt.Dense) (*gt.Dense, error) {
	batch := len(texts)
	zs, times := make([]*gt.Dense, batch), make([]float32, batch)
	for i := range texts {
		zs[i], times[i] = z.Dense, float32(t)
	}
	latents, err := stack("latent", zs)
	if err != nil {
		return nil, err
	}
	text, err := stack("the embedding of the prompt", texts)
	if err != nil {
		return nil, err
	}
	prog, err := s.prediction(batch)
	if err != nil {
		return nil, err
	}
	out, err := prog.Run(ctx, map[string]*gt.Dense{
		string(LatentInput): latents, "timestep": tensor.FromFloat32s(times, batch), string(TextInput): text,
	})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// prediction is the program of noise predictions for a batch, compiled the
// first time.
func (s *Step) prediction(batch int) (*nn.Program, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if prog := s.denoise[batch]; prog != nil {
		return prog, nil
	}
	prog, err := nn.Compile(func(b *nn.Build) []*G.Node {
		in := s.inputs(b, batch)
		return []*G.Node{s.p.UNet.Forward(b, in[LatentInput], in["timestep"], in[TextInput])}
	}, nn.WithHooks(s.options.hooks...), nn.WithArena(s.p.arena))
	if err != nil {
		return nil, fmt.Errorf("noise prediction: %w", err)
	}
	s.denoise[batch] = prog
	return prog, nil
}

// stack joins tensors of one shape [1, …] to a batch.
func stack(what string, all []*gt.Dense) (*gt.Dense, error) {
	var joined []float32
	for _, d := range all {
		if d == nil {
			return nil, fmt.Errorf("%s is missing", what)
		}
		if !slices.Equal(d.Shape(), all[0].Shape()) {
			return nil, fmt.Errorf("%s has the shapes %v and %v, want one", what, all[0].Shape(), d.Shape())
		}
		joined = append(joined, tensor.Float32s(d)...)
	}
	shape := all[0].Shape().Clone()
	shape[0] *= len(all)
	return tensor.FromFloat32s(joined, shape...), nil
}
