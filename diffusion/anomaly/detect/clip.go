package detect

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// CLIP is a model that compares pictures with texts, for the detectors that are told in words what a defect is. A
// clip.File has all of it.
type CLIP struct {
	Model     *clip.Model
	Tokenizer *clip.Tokenizer
	Colours   clip.Colours // that pictures are normalised by; default: those of CLIP's training set
	Name      string       // such as "vit_base_patch16_plus_clip_240.laion400m_e31"
	SHA256    string       // of its weights' file, in hexadecimal

	// Memory holds what the model has seen, for detectors that look at the same pictures; default: nil, nothing.
	Memory *Memory
}

// remembered is what look sees in a picture, in a way that is described, from memory if it is there: it is not to be
// changed.
func (c CLIP) remembered(picture *image.RGBA, how string, look func() ([]features, error)) ([]features, error) {
	if c.Memory == nil || images.Check(picture) != nil {
		return look()
	}
	key := Network{Name: c.Name, SHA256: c.SHA256}.key(picture, "%v %s", c.scaling(), how)
	if seen := c.Memory.recall(key); seen != nil {
		return seen, nil
	}
	seen, err := look()
	if err == nil {
		c.Memory.keep(key, seen)
	}
	return seen, err
}

// check refuses what cannot read texts and pictures.
func (c CLIP) check() error {
	switch {
	case c.Model == nil || c.Model.VisionModel == nil || c.Model.TextModel == nil:
		return wrong("there is no CLIP that texts and pictures could be compared by")
	case c.Model.LogitScale == nil || !c.Model.LogitScale.Loaded():
		return wrong("the CLIP %q has no weights", c.Name)
	case c.Tokenizer.Length() == 0:
		return wrong("there is no tokenizer of the CLIP %q", c.Name)
	case c.Tokenizer.Size() > c.Model.Config.Text.VocabSize:
		return wrong("the tokenizer of the CLIP %q has %d tokens, the model %d", c.Name, c.Tokenizer.Size(), c.Model.Config.Text.VocabSize)
	case len(c.Colours.Mean) != 3 && c.Colours.Mean != nil || len(c.Colours.Std) != 3 && c.Colours.Std != nil:
		return wrong("colours of mean %v and deviation %v, want three numbers each, or none", c.Colours.Mean, c.Colours.Std)
	}
	return nil
}

// scaling is what the model takes for the levels of a picture.
func (c CLIP) scaling() vision.Scaling {
	colours := c.Colours
	if standard := clip.DefaultColours(); colours.Mean == nil || colours.Std == nil {
		colours = standard
	}
	return vision.Scaling{Mean: [3]float32(colours.Mean), Deviation: [3]float32(colours.Std)}
}

// side is that of the pictures that the model is given, in pixels.
func (c CLIP) side() int { return c.Model.Config.Vision.ImageSize }

// grid is how many patches a side has.
func (c CLIP) grid() int { return c.side() / c.Model.Config.Vision.PatchSize }

// see returns what the model is given of a picture, [side·side, 3]: squashed into its square as Pillow does it, bicubic.
func (c CLIP) see(picture *image.RGBA) ([]float32, error) {
	square, err := images.Resize(picture, image.Pt(c.side(), c.side()), images.PillowBicubic)
	if err != nil {
		return nil, wrong("%w", err)
	}
	levels := images.ToTensor(square, images.ChannelsLast, images.Unit)
	c.scaling().Scale(levels)
	return levels, nil
}

// vectors runs a graph of the model on what it is given of a picture, [side·side, 3], and returns its outputs as vectors of
// length 1.
func (c CLIP) vectors(ctx context.Context, exec *nn.Exec, levels []float32) ([]features, error) {
	out, err := exec.Run(ctx, map[string]*gt.Dense{"picture": tensor.FromFloat32s(levels, 1, c.side()*c.side(), 3)})
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	all := make([]features, len(out))
	for i, d := range out {
		if at := tensor.NonFinite(d); at >= 0 {
			return nil, fmt.Errorf("detect: what the CLIP %s sees in a picture is %v somewhere%.0w", c.Name, tensor.Float32s(d)[at], ErrNotFinite)
		}
		width := d.Shape()[d.Dims()-1]
		values := unit(tensor.Float32s(d), width)
		all[i] = features{n: 1, h: 1, w: len(values) / width, c: width, values: values}
	}
	return all, nil
}
