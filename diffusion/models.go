package diffusion

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
)

// OpenUNet loads a UNet alone. dir, such as tensor.OnDisk("sd15/unet"), holds its
// config.json and diffusion_pytorch_model.safetensors, or another form of it that
// tensor.OpenSet knows. The weights lie in the memory of the Set: when that is
// closed, the model must not be used any more. Errors are those of Open.
func OpenUNet(ctx context.Context, dir tensor.Dir, opts ...nn.LoadOption) (*unet.Model, *tensor.Set, error) {
	c, err := readConfig(dir, unet.ReadConfig)
	if err != nil {
		return nil, nil, err
	}
	m, err := unet.New(c)
	if err != nil {
		return nil, nil, err
	}
	set, err := load(ctx, m, dir, "diffusion_pytorch_model", opts...)
	return m, set, err
}

// OpenVAE loads an autoencoder alone, as OpenUNet does a UNet. Its attention may
// have the names that diffusers gave it before version 0.17.
func OpenVAE(ctx context.Context, dir tensor.Dir, opts ...nn.LoadOption) (*vae.Model, *tensor.Set, error) {
	c, err := readConfig(dir, vae.ReadConfig)
	if err != nil {
		return nil, nil, err
	}
	m, err := vae.New(c)
	if err != nil {
		return nil, nil, err
	}
	set, err := load(ctx, m, dir, "diffusion_pytorch_model", append(opts, nn.WithRename(newAttentionNames))...)
	return m, set, err
}

// attentionNames are what diffusers called the projections of the
// autoencoder's attention before 0.17, as published files still do.
var attentionNames = strings.NewReplacer(
	".query.", ".to_q.", ".key.", ".to_k.", ".value.", ".to_v.", ".proj_attn.", ".to_out.0.",
)

func newAttentionNames(name string) string {
	if !strings.Contains(name, "attentions.") {
		return name
	}
	return attentionNames.Replace(name)
}

// OpenText loads a text encoder alone, transformers' CLIPTextModel, as OpenUNet does
// a UNet; its weights are called model.safetensors. Those of the rest of a
// CLIPModel may be among them.
func OpenText(ctx context.Context, dir tensor.Dir, opts ...nn.LoadOption) (*clip.Text, *tensor.Set, error) {
	c, err := readConfig(dir, clip.ReadTextConfig)
	if err != nil {
		return nil, nil, err
	}
	m, err := clip.NewText(c)
	if err != nil {
		return nil, nil, err
	}
	set, err := load(ctx, m, dir, "model", append(opts, nn.WithPrefix("text_model."), nn.WithIgnore(ignoredInText...))...)
	return m, set, err
}

// CLIP is a CLIPModel with what turns texts and pictures into its inputs.
type CLIP struct {
	*clip.Model
	Tokenizer *clip.Tokenizer
	Mean, Std []float32 // what red, green and blue in [0, 1] are normalised by
}

// OpenCLIP loads transformers' CLIPModel alone, as OpenUNet does a UNet; its weights
// are called model.safetensors. The tokenizer is dir's, if there is one, else
// fallback, without tokens that CLIP has no embeddings for.
func OpenCLIP(ctx context.Context, dir tensor.Dir, fallback *clip.Tokenizer, opts ...nn.LoadOption) (*CLIP, *tensor.Set, error) {
	c, err := readConfig(dir, clip.ReadConfig)
	if err != nil {
		return nil, nil, err
	}
	colours, err := clip.ReadColours(dir)
	if err != nil {
		return nil, nil, err
	}
	model, err := clip.New(c)
	if err != nil {
		return nil, nil, err
	}
	m := &CLIP{Model: model, Tokenizer: fallback.Within(c.Text.VocabSize), Mean: colours.Mean, Std: colours.Std}
	if clip.HasTokenizer(dir) {
		if m.Tokenizer, err = clip.OpenTokenizer(dir, c.Text.MaxPositions); err != nil {
			return nil, nil, err
		}
	}
	set, err := load(ctx, m.Model, dir, "model", append(opts, nn.WithIgnore("position_ids"))...)
	return m, set, err
}

// readConfig reads a part's configuration. Of another kind of model the error says
// which is wanted.
func readConfig[C any](dir tensor.Dir, read func(dir tensor.Dir) (C, error)) (C, error) {
	c, err := read(dir)
	if errors.Is(err, nn.ErrUnsupported) {
		err = fmt.Errorf("%w: %w", err, ErrNotStableDiffusion1)
	}
	return c, err
}

// load fills model from the weights in dir, whose file is called stem.
func load(ctx context.Context, model any, dir tensor.Dir, stem string, opts ...nn.LoadOption) (*tensor.Set, error) {
	set, err := dir.OpenSet(stem)
	if err != nil {
		return nil, err
	}
	if err := nn.Load(ctx, model, set, opts...); err != nil {
		set.Close()
		return nil, err
	}
	return set, nil
}
