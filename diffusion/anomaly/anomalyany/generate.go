package anomalyany

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

var _ anomaly.Generator = (*Generator)(nil)

// Provenance is how Generate made a picture: with the same normal picture, place and
// model it is made again by Run, Annotate and Keep of this seed. The model's weights are told apart by
// Pipeline.Hashes, which reads all of them and is for the caller to ask once.
type Provenance struct {
	Generator string            // "AnomalyAny"
	Options   Options           // with what was left to rules filled in
	Keeping   Keeping           // how the photograph came back around the defect
	Seed      uint64            // of the noises
	Model     []string          // paths of the files with weights
	Texts     map[string]string // SHA-256 of the model's configurations and vocabularies, by their paths
}

// Generate makes a picture of one of the size that New was given. The part stays the part: around the defect, as
// Annotate finds it, every pixel is the normal picture's (Keep with DefaultKeeping). The paper's own picture, of which
// the decoder made every pixel, is Run's. Outside in.Place there is no defect; the seam around it may lie there.
// in.Others are not used. The one draw is the seed, Whole(0, 1<<31-1); it is drawn when nothing speaks against the
// input any more.
func (g *Generator) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	canvas, err := g.canvas(in)
	if err != nil {
		return anomaly.Result{}, err
	}
	if d == nil {
		return anomaly.Result{}, badArgument(errors.New("there are no draws: anomaly.NewDraws makes those of a seed"))
	}
	picture, mask := canvas.Input()
	photograph, err := g.Encode(ctx, images.ForModel(picture), mask)
	if err != nil {
		return anomaly.Result{}, err
	}
	seed := uint64(d.Whole(0, math.MaxInt32))
	run, err := g.Run(ctx, photograph, seed, nil)
	if err != nil {
		return anomaly.Result{}, err
	}
	keeping := DefaultKeeping()
	made, err := g.Finish(ctx, canvas, photograph, run, keeping, nil)
	if err != nil {
		return anomaly.Result{}, err
	}
	made.Sample.Defect = strings.Join(g.options.Words, ", ")
	stray, err := anomaly.Stray(canvas.Photograph(), made.Sample)
	return anomaly.Result{
		Sample: made.Sample, Soft: made.Soft, Stray: stray,
		Provenance: Provenance{"AnomalyAny", g.options, keeping, seed, g.pipeline.Files(), g.pipeline.Texts()},
	}, err
}

// canvas is the normal picture and its place as the model sees them.
func (g *Generator) canvas(in anomaly.Input) (*anomaly.Canvas, error) {
	if err := in.Validate(); err != nil {
		return nil, badArgument(err)
	}
	if size := in.Normal.Rect.Size(); size != image.Pt(g.width, g.height) {
		return nil, badArgument(fmt.Errorf("the normal picture has %d×%d pixels, this Generator was made for %d×%d", size.X, size.Y, g.width, g.height))
	}
	return anomaly.NewCanvas(in.Normal, in.Place, 0, 1)
}
