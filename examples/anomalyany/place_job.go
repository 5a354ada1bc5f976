package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// place is where the defect of a picture was to be, as its record has it.
type place struct {
	Box     [4]int `json:"box"`                  // x0, y0, x1, y1, in pixels of the photograph
	Pixels  int    `json:"pixels"`               // of the mask's white
	Widened int    `json:"widened_by,omitempty"` // pixels, for the model, which would not have seen it
	Mask    []byte `json:"mask_png"`             // of the photograph's size, white where the defect was to be
}

// differ reports whether each picture has a mask of its own.
func (j *job) differ() bool { return j.spec.Shape != "" || len(j.masks) > 0 }

// placed is the job for one picture, with its mask, and the Generator of what the model
// sees: the job itself where all pictures have the same mask. With that mask alone it is
// the same picture.
func (j *job) placed(ctx context.Context, g *anomalyany.Generator, seed uint64) (*job, *anomalyany.Generator, error) {
	if !j.differ() {
		return j, g, nil
	}
	ground, mask, err := j.maskFor(ctx, j.draws(seed), seed)
	if err != nil {
		return nil, nil, err
	}
	of := *j
	if of.place, err = placeOf(mask); err != nil {
		return nil, nil, err
	}
	least := leastOfShape
	switch {
	case j.spec.Shape == "" && j.spec.Tile:
		g, err = of.alone(ctx, seed)
		return &of, g, err
	case j.spec.Shape == "":
		least = leastOfFile
	}
	v := view{job: j, g: g, ground: ground}
	if err := v.find(mask, least); err != nil {
		return nil, nil, err
	}
	of.canvas, of.note, of.place.Widened = v.canvas, v.note, v.widened
	return &of, g, of.encodeLike(ctx, g, j)
}

// alone has a picture's job see the window of its mask, as it does without a folder:
// these are of several sizes.
func (j *job) alone(ctx context.Context, seed uint64) (*anomalyany.Generator, error) {
	j.spec, j.inputs = j.of(seed)
	j.masks, j.scorer = nil, nil
	if err := j.open(ctx); err != nil {
		return nil, err
	}
	picture, _ := j.canvas.Input()
	g, err := j.worker.generator(ctx, picture.Rect.Size(), j.options)
	if err != nil {
		return nil, err
	}
	return g, j.encode(ctx, g)
}

// encode has the model see the photograph, and its mask if all pictures have the same.
func (j *job) encode(ctx context.Context, g *anomalyany.Generator) (err error) {
	picture, mask := j.canvas.Input()
	if j.differ() {
		mask = nil
	} else if mask != nil {
		if err := j.mend(ctx, g); err != nil {
			return err
		}
		picture, mask = j.canvas.Input()
	}
	j.encoded, err = g.Encode(ctx, images.ForModel(picture), mask)
	return err
}

// encodeLike has the model see the canvas of one picture. If that shows what the job of
// all has seen, it is not encoded again.
func (j *job) encodeLike(ctx context.Context, g *anomalyany.Generator, all *job) (err error) {
	picture, mask := j.canvas.Input()
	if j.sees(all) {
		j.encoded, err = all.encoded.WithMask(mask)
		return err
	}
	j.scorer = nil
	j.encoded, err = g.Encode(ctx, images.ForModel(picture), mask)
	return err
}

// sees reports whether two jobs' canvases show the same picture.
func (j *job) sees(other *job) bool {
	a, _ := j.canvas.Input()
	b, _ := other.canvas.Input()
	return a == b
}

// learn keeps what a picture's job knows of the photograph for the next one.
func (j *job) learn(of *job) {
	if j != of && j.sees(of) {
		j.scorer = of.scorer
	}
}

// mend shows the model a mask that all pictures have, if it is too thin to be seen.
func (j *job) mend(ctx context.Context, g *anomalyany.Generator) error {
	_, mask := j.canvas.Input()
	if left, err := g.Left(mask); err != nil || left > 0 {
		return err
	}
	ground, err := j.groundOf(ctx, j.spec.Seed)
	if err != nil {
		return err
	}
	v := view{job: j, g: g, ground: ground}
	if err := v.find(ground.place, leastOfFile); err != nil {
		return err
	}
	j.canvas, j.note, j.ground = v.canvas, v.note, nil
	if j.place != nil {
		j.place.Widened = v.widened
	}
	return nil
}

// tryPlaces reads the masks of a folder, and draws the first shape, so that what is
// wrong with them is known before the long work.
func (j *job) tryPlaces(ctx context.Context) error {
	for i := range uint64(min(len(j.masks), j.spec.N)) {
		if _, err := j.groundOf(ctx, j.spec.Seed+i); err != nil {
			return err
		}
	}
	if j.spec.Shape == "" {
		return nil
	}
	_, _, err := j.maskFor(ctx, j.draws(j.spec.Seed), j.spec.Seed)
	return err
}

// notes are those of the model or the generator, and what was done about a mask that is too thin.
func (j *job) notes() []string {
	notes := append(j.model.notes(j.spec), j.made...)
	if j.note != "" {
		notes = append(notes, j.note)
	}
	return notes
}

// describePlaces says which masks are taken in turn.
func (b *batch) describePlaces() {
	if masks := b.jobs[0].masks; len(masks) > 0 {
		fmt.Fprintf(os.Stderr, "masks: %s of %s are taken in turn, by the seed: seed 0 has %s\n", photos.Counted(len(masks), "file"), filepath.Dir(masks[0].path), filepath.Base(masks[0].path))
	}
}

// placeOf is what a record has of a mask.
func placeOf(mask *image.Gray) (*place, error) {
	p, box := &place{}, image.Rectangle{}
	small := image.NewPaletted(mask.Rect, color.Palette{color.Black, color.White})
	for i, v := range mask.Pix {
		if v >= 128 {
			x, y := i%mask.Stride, i/mask.Stride
			box = box.Union(image.Rect(x, y, x+1, y+1))
			small.Pix[y*small.Stride+x] = 1
			p.Pixels++
		}
	}
	p.Box = [4]int{box.Min.X, box.Min.Y, box.Max.X, box.Max.Y}
	var b bytes.Buffer
	err := png.Encode(&b, small)
	p.Mask = b.Bytes()
	return p, err
}
