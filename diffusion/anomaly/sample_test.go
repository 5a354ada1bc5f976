package anomaly

import (
	"context"
	"image"
	"image/color"
	"image/draw"
	"testing"
)

// filled is a picture of one colour.
func filled(w, h int, c color.Color) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(m, m.Rect, image.NewUniform(c), image.Point{}, draw.Src)
	return m
}

// maskOf is a mask that is white in a box.
func maskOf(w, h int, boxes ...image.Rectangle) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for _, box := range boxes {
		draw.Draw(m, box, image.White, image.Point{}, draw.Src)
	}
	return m
}

// whitening is the smallest Generator and Detector: it makes white pictures, and a picture is the more
// anomalous the lighter it is.
type whitening struct{}

func (whitening) Generate(ctx context.Context, in Input, _ Draws) (Result, error) {
	if err := in.Validate(); err != nil {
		return Result{}, err
	}
	size := in.Normal.Rect.Size()
	return Result{Sample: Sample{Picture: filled(size.X, size.Y, color.White), Defect: "white"}}, ctx.Err()
}

func (whitening) Fit(_ context.Context, train Samples) error {
	for _, err := range train {
		if err != nil {
			return err
		}
	}
	return nil
}

func (whitening) Detect(_ context.Context, picture *image.RGBA) (Detection, error) {
	return Detection{Score: float64(picture.Pix[0])}, nil
}

// TestTogether has a detector learn from what a generator makes, while it makes it; an error ends both.
func TestTogether(t *testing.T) {
	var g Generator = whitening{}
	var d Detector = whitening{}
	made := 0
	from := func(normal *image.RGBA) Samples {
		return func(yield func(Sample, error) bool) {
			for seed := range uint64(3) {
				made++
				r, err := g.Generate(t.Context(), Input{Normal: normal}, NewDraws(seed))
				if !yield(r.Sample, err) {
					return
				}
			}
		}
	}
	if err := d.Fit(t.Context(), from(filled(16, 16, color.Black))); err != nil || made != 3 {
		t.Errorf("learned from %d pictures, error %v", made, err)
	}
	if err := d.Fit(t.Context(), from(nil)); err == nil || made != 4 {
		t.Errorf("learned from %d pictures, error %v", made, err)
	}
	if got, err := d.Detect(t.Context(), filled(16, 16, color.White)); err != nil || got.Score != 255 {
		t.Errorf("%+v, %v", got, err)
	}
}
