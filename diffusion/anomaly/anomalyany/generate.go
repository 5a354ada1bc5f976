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
// model it is made again by Run of this seed. The model's weights are told apart by
// Pipeline.Hashes, which reads all of them and is for the caller to ask once.
type Provenance struct {
	Generator string            // "AnomalyAny"
	Options   Options           // with what was left to rules filled in
	Seed      uint64            // of the noises
	Model     []string          // paths of the files with weights
	Texts     map[string]string // SHA-256 of the model's configurations and vocabularies, by their paths
}

// Generate makes a picture of one of the size that New was given. Outside in.Place
// the pixels of the normal picture stay as they are, with the seam inside; without a
// place the picture is the decoder's, which differs from the normal one a little
// everywhere. in.Others are not used. The one draw is the seed, Whole(0, 1<<31-1);
// it is drawn when nothing speaks against the input any more.
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
	r, err := g.Run(ctx, photograph, seed, nil)
	if err != nil {
		return anomaly.Result{}, err
	}
	made, err := images.FromModel(r.Image)
	if err != nil {
		return anomaly.Result{}, err
	}
	sample, soft, err := canvas.Compose(made, anomaly.Map{Values: r.SoftMap, Width: g.width, Height: g.height}, r.Threshold)
	if err != nil {
		return anomaly.Result{}, err
	}
	sample.Defect = strings.Join(g.options.Words, ", ")
	stray, err := anomaly.Stray(canvas.Photograph(), sample)
	return anomaly.Result{
		Sample: sample, Soft: soft, Stray: stray,
		Provenance: Provenance{"AnomalyAny", g.options, seed, g.pipeline.Files(), g.pipeline.Texts()},
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
	canvas, err := anomaly.NewCanvas(in.Normal, in.Place, 0, 1)
	if err == nil {
		canvas.Paste = in.Place != nil
	}
	return canvas, err
}
