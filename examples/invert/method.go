package main

import (
	"context"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// anomalyDiffusion is the value of --method that is not textual inversion alone.
const anomalyDiffusion = "anomalydiffusion"

// subject is what is learned: by its method, vectors alone, or vectors and what makes further ones of a mask.
type subject interface {
	// embedding is the word for a defect where a mask has it, [h, w] of a latent; nil is no mask.
	embedding(mask []float32, h, w int) *diffusion.Embedding

	write(path string) error
}

// begin prepares to learn by the method that is asked for.
func (l *lesson) begin(ctx context.Context) (err error) {
	p, examples := l.model.Pipeline, l.examples.all
	if l.flags.Method != anomalyDiffusion {
		l.Inversion, err = diffusion.NewInversion(ctx, p, examples, l.options)
		l.subject = word{l}
		return err
	}
	o := generate.DefaultLearn()
	o.Word, o.Initial, o.Template, o.Words, o.EncoderWords = l.options.Word, l.options.Initial, l.options.Templates[0], l.options.Vectors, l.options.Vectors
	learned, err := generate.NewLearned(ctx, p, o)
	if err != nil {
		return err
	}
	for _, x := range examples {
		mask, err := images.FromMap(x.Mask, x.Picture.Shape()[2], x.Picture.Shape()[3])
		if err != nil {
			return fmt.Errorf("the mask of an example: %w", err)
		}
		learned.Masks = append(learned.Masks, mask)
	}
	l.Inversion, err = diffusion.NewInversionOf(ctx, p, examples, learned, l.options)
	l.subject = defect{l, learned}
	return err
}

// word is a word of plain textual inversion.
type word struct{ *lesson }

func (w word) embedding([]float32, int, int) *diffusion.Embedding { return w.Embedding() }
func (w word) write(path string) error                            { return w.Embedding().Write(path) }

// defect is what AnomalyDiffusion has learned.
type defect struct {
	*lesson
	learned *generate.Learned
}

func (d defect) embedding(mask []float32, h, w int) *diffusion.Embedding {
	v := d.learned.Vectors(mask, h, w)
	width := d.model.Text.Config.HiddenSize
	return &diffusion.Embedding{Word: d.options.Word, Vectors: tensor.FromFloat32s(v, len(v)/width, width)}
}

func (d defect) write(path string) error {
	d.learned.Steps = len(d.Losses())
	d.learned.Noted = map[string]any{"inversion": d.Options()}
	return d.learned.Write(path)
}
