package anomalyany

import (
	"context"
	"errors"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Finished is a run's picture as it is handed out: the photograph, and the defect in it.
type Finished struct {
	Sample anomaly.Sample // whose Defect says nothing
	Soft   anomaly.Map    // how sure the mask is, of the picture's size
	Made   Made           // for Scorer.Score: the picture as the model sees it, beside the photograph
}

// Finish annotates a run (Annotate), brings the photograph back around the defect (Keep), and puts both into the canvas
// of whose Input the photograph was encoded; canvas.Keep does not count. observe may be nil.
func (g *Generator) Finish(ctx context.Context, canvas *anomaly.Canvas, p *Photograph, r *Result, k Keeping, observe func(step, of int)) (*Finished, error) {
	if canvas == nil {
		return nil, badArgument(errors.New("there is no canvas: anomaly.NewCanvas makes one"))
	}
	a, err := g.Annotate(ctx, p, r)
	if err != nil {
		return nil, err
	}
	picture, err := g.Keep(ctx, p, r, a, k, observe)
	if err != nil {
		return nil, err
	}
	with := *canvas
	with.Keep = &k.Keep
	f := &Finished{Made: Made{Result: r, Annotation: a}}
	if f.Sample, f.Soft, err = a.Compose(&with, picture); err != nil {
		return nil, err
	}
	seen, err := canvas.Seen(f.Sample.Picture)
	if err != nil {
		return nil, err
	}
	photograph, may := canvas.Input()
	f.Made.Picture, f.Made.Reference, f.Made.May = images.ForModel(seen), images.ForModel(photograph), may
	f.Made.Margin = min(maxMargin, max(OutsideMargin, k.Margin)*max(1, canvas.Scale())) // as far as it may be, in a window
	return f, nil
}
