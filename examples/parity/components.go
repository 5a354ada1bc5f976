package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

type tensors = map[string]*gt.Dense

// component is a part of a model directory, or a computation on it.
type component struct {
	name  string
	reads []input
	run   func(ctx context.Context, o options, in tensors) (tensors, error)
}

// input is a tensor that a component needs and its number of dimensions.
type input struct {
	name string
	dims int
}

// components are what can be run.
var components = []component{
	{"unet", []input{{"sample", 4}, {"timestep", 1}, {"encoder_hidden_states", 3}}, runUNet},
	{"vae-decode", []input{{"latent", 4}}, runDecoder},
	{"vae-encode", []input{{"image", 4}}, runEncoder},
	{"taesd-decode", []input{{"latent", 4}}, runTinyDecoder},
	{"taesd-encode", []input{{"image", 4}}, runTinyEncoder},
	{"text", []input{{"input_ids", 2}}, runText},
	{"cliptext", []input{{"input_ids", 2}}, runCLIPText},
	{"image", []input{{"pixel_values", 4}}, runImage},
	{"scheduler", []input{{"init", 4}, {"eps", 4}}, runScheduler},
	{"samplers", []input{{"init", 4}, {"eps", 4}, {"noise", 4}}, runSamplers},
	{"rng", nil, runRandom},
	{"txt2img", []input{{"noise", 4}, {"input_ids", 2}, {"steps", 1}, {"guidance", 1}}, runTxt2img},
	{"anomalyany", []input{{"image", 4}, {"noise", 4}}, runAnomaly},
	{"tokenize", nil, nil}, // these read no tensors
	{"prompt", nil, nil},
}

// check checks whether the input file has what the component reads.
func (c component) check(file string, in tensors) error {
	if file == "" && len(c.reads) > 0 {
		return fmt.Errorf("--in FILE.safetensors is missing; %s", c.wants())
	}
	for _, r := range c.reads {
		if d := in[r.name]; d == nil {
			return fmt.Errorf("%s has no tensor %q; %s", file, r.name, c.wants())
		} else if d.Dims() != r.dims {
			return fmt.Errorf("%s: %s has shape %v; %s", file, r.name, d.Shape(), c.wants())
		}
	}
	return nil
}

// wants lists what the component reads.
func (c component) wants() string {
	var list []string
	for _, r := range c.reads {
		list = append(list, fmt.Sprintf("%s (%d dimensions)", r.name, r.dims))
	}
	return c.name + " reads " + strings.Join(list, ", ")
}

// graph is a computation that names its inputs and outputs.
type graph struct {
	b       *nn.Build
	in      tensors
	inputs  map[string]*G.Node
	outputs map[string]*G.Node
}

// input is the input called name, of the shape that the file has.
func (g *graph) input(name string) *G.Node {
	n := g.b.Input(name, g.in[name].Shape()...)
	g.inputs[name] = n
	return n
}

// differentiate adds the gradients of the sum of out ⊙ cotangent, if the file
// has a cotangent.
func (g *graph) differentiate(out *G.Node, of ...string) {
	if g.in["cotangent"] == nil {
		return
	}
	wrt := make([]*G.Node, len(of))
	for i, name := range of {
		wrt[i] = g.inputs[name]
	}
	for i, d := range g.b.Grad(nn.Dot(out, g.input("cotangent")), wrt...) {
		g.outputs["grad."+of[i]] = d
	}
}

// execute builds and runs a graph.
func execute(ctx context.Context, o options, in tensors, build func(g *graph), hooks ...nn.Hook) (tensors, error) {
	g := &graph{in: in, inputs: map[string]*G.Node{}, outputs: map[string]*G.Node{}}
	var names []string
	arena := nn.NewArena()
	if o.device != nil {
		arena = nn.NewArenaOn(o.device)
	}
	defer arena.Close()
	p, err := nn.Compile(func(b *nn.Build) []*G.Node {
		g.b = b
		build(g)
		names = slices.Sorted(maps.Keys(g.outputs))
		var nodes []*G.Node
		for _, name := range names {
			nodes = append(nodes, g.outputs[name])
		}
		return nodes
	}, nn.WithHooks(hooks...), nn.WithArena(arena), nn.WithPrecision(o.precision()))
	if err != nil {
		return nil, err
	}
	bound := tensors{}
	for name := range g.inputs {
		bound[name] = in[name]
	}
	values, err := p.Run(ctx, bound)
	if err != nil {
		return nil, err
	}
	out := tensors{}
	for i, name := range names {
		out[name] = values[i]
	}
	return out, nil
}

func runUNet(ctx context.Context, o options, in tensors) (tensors, error) {
	m, file, err := openPart(ctx, o.Model, "unet", diffusion.OpenUNet, func(p *diffusion.Pipeline) *unet.Model { return p.UNet })
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s := in["sample"].Shape()
	store := diffusion.NewAttnStore(diffusion.Cross(s[2]/4, s[3]/4))
	return execute(ctx, o, in, func(g *graph) {
		out := m.Forward(g.b, g.input("sample"), g.input("timestep"), g.input("encoder_hidden_states"))
		g.outputs["sample"] = out
		for i, path := range store.Paths() {
			g.outputs["attn."+path] = store.Probs()[i]
		}
		g.differentiate(out, "sample", "encoder_hidden_states")
	}, store.Hook())
}

func runDecoder(ctx context.Context, o options, in tensors) (tensors, error) {
	m, file, err := openPart(ctx, o.Model, "vae", diffusion.OpenVAE, func(p *diffusion.Pipeline) *vae.Model { return p.VAE })
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return execute(ctx, o, in, func(g *graph) {
		out := m.Decode(g.b, g.input("latent"))
		g.outputs["image"] = out
		g.differentiate(out, "latent")
	})
}

func runEncoder(ctx context.Context, o options, in tensors) (tensors, error) {
	m, file, err := openPart(ctx, o.Model, "vae", diffusion.OpenVAE, func(p *diffusion.Pipeline) *vae.Model { return p.VAE })
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return execute(ctx, o, in, func(g *graph) {
		g.outputs["mean"], g.outputs["logvar"] = m.Encode(g.b, g.input("image"))
	})
}

func runText(ctx context.Context, o options, in tensors) (tensors, error) {
	m, file, err := openPart(ctx, o.Model, "text_encoder", diffusion.OpenText, func(p *diffusion.Pipeline) *clip.Text { return p.Text })
	if err != nil {
		return nil, err
	}
	defer file.Close()
	addPooled(in, m.Config)
	return execute(ctx, o, in, func(g *graph) {
		hidden := m.Forward(g.b, g.input("input_ids"))
		g.outputs["last_hidden_state"] = hidden
		g.outputs["pooler_output"] = nn.SelectPositions(hidden, g.input(pooled))
	})
}

func runCLIPText(ctx context.Context, o options, in tensors) (tensors, error) {
	m, set, err := openCLIP(ctx, o)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	addPooled(in, m.Config.Text)
	return execute(ctx, o, in, func(g *graph) {
		g.outputs["text_embeds"] = m.TextEmbeds(g.b, g.input("input_ids"), g.input(pooled))
	})
}

func runImage(ctx context.Context, o options, in tensors) (tensors, error) {
	m, set, err := openCLIP(ctx, o)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	return execute(ctx, o, in, func(g *graph) {
		x := g.input("pixel_values")
		s := x.Shape()
		out := m.ImageEmbeds(g.b, nn.FeatureMap{X: nn.ChannelsLast(x), H: s[2], W: s[3]})
		g.outputs["image_embeds"] = out
		g.differentiate(out, "pixel_values")
	})
}

// openPart opens one component, from its folder of a model directory or out of
// a single file.
func openPart[M any](ctx context.Context, path, folder string, open func(context.Context, tensor.Dir, ...nn.LoadOption) (M, *tensor.Set, error), of func(*diffusion.Pipeline) M) (M, io.Closer, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		p, err := diffusion.Open(ctx, path)
		if err != nil {
			var none M
			return none, nil, err
		}
		return of(p), p, nil
	}
	return open(ctx, tensor.OnDisk(path).Sub(folder))
}

func openCLIP(ctx context.Context, o options) (*diffusion.CLIP, *tensor.Set, error) {
	dir := o.Clip
	if dir == "" {
		dir = filepath.Join(o.Model, "clip")
	}
	return diffusion.OpenCLIP(ctx, tensor.OnDisk(dir), clip.DefaultTokenizer())
}

// pooled is the name of the input that holds the pooled tokens' positions.
const pooled = "pooled positions"

func addPooled(in tensors, c clip.TextConfig) {
	ids := in["input_ids"]
	length := ids.Shape()[1]
	var at []float32
	for row := range slices.Chunk(tensor.Float32s(ids), length) {
		whole := make([]int32, length)
		for i, id := range row {
			whole[i] = int32(id)
		}
		at = append(at, float32(c.PooledPosition(whole)))
	}
	in[pooled] = tensor.FromFloat32s(at, len(at))
}
