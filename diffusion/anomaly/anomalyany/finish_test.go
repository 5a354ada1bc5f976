package anomalyany

import (
	"image"
	"image/draw"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// TestFinish: what is to be scored is the picture that is handed out, as the model sees it, beside the photograph.
func TestFinish(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	in := normalPart()
	large, marked := image.NewRGBA(image.Rect(0, 0, 640, 640)), image.NewGray(image.Rect(0, 0, 640, 640))
	draw.Draw(large, image.Rect(200, 200, 328, 328), in.Normal, image.Point{}, draw.Src)
	draw.Draw(marked, image.Rect(250, 250, 310, 310), image.White, image.Point{}, draw.Src)
	for name, of := range map[string]func() (*anomaly.Canvas, error){
		"the whole": func() (*anomaly.Canvas, error) { return anomaly.NewCanvas(in.Normal, in.Place, 0, 1) },
		"magnified": func() (*anomaly.Canvas, error) {
			whole, err := anomaly.NewCanvas(large, nil, side, side)
			if err != nil {
				return nil, err
			}
			return whole.Magnified(large, marked)
		},
	} {
		canvas, err := of()
		if err != nil {
			t.Fatal(err)
		}
		seen, may := canvas.Input()
		p, err := g.Encode(t.Context(), images.ForModel(seen), may)
		if err != nil {
			t.Fatal(name, err)
		}
		r, err := g.Run(t.Context(), p, 1, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		k := DefaultKeeping()
		k.Margin = 20
		steps := 0
		f, err := g.Finish(t.Context(), canvas, p, r, k, func(_, of int) { steps = of })
		if err != nil {
			t.Fatal(name, err)
		}
		if canvas.Keep != nil || steps != g.blendingSteps(k) {
			t.Errorf("%s: the canvas was changed, or %d steps were told of", name, steps)
		}
		if got, want := f.Sample.Picture.Rect, canvas.Photograph().Rect; got != want || f.Sample.Mask.Rect != want || f.Soft.Width != want.Dx() {
			t.Errorf("%s: a picture of %v with a mask of %v, want %v", name, got, f.Sample.Mask.Rect, want)
		}
		again, err := canvas.Seen(f.Sample.Picture)
		if err != nil {
			t.Fatal(err)
		}
		equal := func(x *gt.Dense, picture *image.RGBA) bool {
			return slices.Equal(tensor.Float32s(x), tensor.Float32s(images.ForModel(picture)))
		}
		if !equal(f.Made.Picture, again) || !equal(f.Made.Reference, seen) || !slices.Equal(f.Made.May, may) {
			t.Errorf("%s: another picture, reference or place is to be scored", name)
		}
		if want := map[string]float64{"the whole": 20, "magnified": 20 * canvas.Scale()}[name]; f.Made.Margin != want || name == "magnified" && canvas.Scale() <= 1 {
			t.Errorf("%s: the outside begins %g pixels away, want %g", name, f.Made.Margin, want)
		}
		if f.Made.Result != r || f.Made.Annotation == nil {
			t.Errorf("%s: another run is to be scored", name)
		}
	}
}
