package generate

import (
	"errors"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestMaskExamples are pictures from -1 to 1, at the model's size.
func TestMaskExamples(t *testing.T) {
	all, err := MaskExamples([]*image.Gray{placeOf(64, 64, image.Rect(0, 0, 32, 64)), placeOf(128, 96, image.Rect(0, 0, 128, 96))}, 48, 64)
	if err != nil {
		t.Fatal(err)
	}
	for i, share := range []float64{0.5, 1} {
		v, sum := tensor.Float32s(all[i].Picture), 0.0
		for _, x := range v {
			sum += (float64(x) + 1) / 2
		}
		if len(v) != 3*48*64 || slices.Min(v) < -1 || slices.Max(v) != 1 || math.Abs(sum/float64(len(v))-share) > 0.01 || all[i].Mask != nil {
			t.Errorf("picture %d has %d numbers, %g of them white", i, len(v), sum/float64(len(v)))
		}
	}
}

// TestMaskEdges: a mask may have a third of an edge, of each of the four.
func TestMaskEdges(t *testing.T) {
	o := DefaultWordMasks()
	for _, r := range []image.Rectangle{{Max: image.Pt(1, 12)}, {Max: image.Pt(16, 1)}, image.Rect(29, 0, 30, 12), image.Rect(0, 35, 16, 36)} {
		if !o.crossesEdge(placeOf(30, 36, r)) != (r.Dx()*3 <= 30 && r.Dy()*3 <= 36) {
			t.Errorf("%v of an edge", r)
		}
		r.Max.X, r.Max.Y = min(r.Max.X, r.Min.X+10), min(r.Max.Y, r.Min.Y+12)
		if o.crossesEdge(placeOf(30, 36, r)) {
			t.Errorf("%v is a third of an edge at most", r)
		}
	}
	picture := image.NewRGBA(image.Rect(0, 0, 16, 16))
	copy(picture.Pix, []uint8{255, 255, 103, 255, 255, 255, 101, 255})
	if light := o.lightIn(picture); light.Pix[0] != 255 || light.Pix[1] != 0 {
		t.Error("a mean of 204.3 levels is light, and one of 203.7 is not")
	}
}

// TestWordMask has the model make the mask: what is light in its picture of a word, on the part. The same draws make the
// same one.
func TestWordMask(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the model for seconds")
	}
	p := demoPipeline(t)
	l := crack(t, p)
	o := DefaultAnomalyDiffusion()
	o.Masks.Kind, o.Steps = WordMask, 3
	o.ByWord.Steps, o.ByWord.Threshold, o.ByWord.Edge, o.ByWord.Redraws = 3, 0.65, 1, 0
	if _, err := NewAnomalyDiffusion(t.Context(), p, l, 128, 128, o); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "has none for them") {
		t.Errorf("without a word for masks: %v", err)
	}
	vectors, err := p.WordVectors(t.Context(), "hole")
	if err != nil {
		t.Fatal(err)
	}
	l.MaskWord = &diffusion.Embedding{Word: "<mask>", Vectors: vectors}
	g := newAnomalyDiffusion(t, p, l, o)
	noted := anomaly.NewRecorder(anomaly.NewDraws(2))
	got, err := g.Generate(t.Context(), anomaly.Input{Normal: demo.Picture()}, noted)
	if err != nil {
		t.Fatal(err)
	}
	part, _ := Found.mask(demo.Picture())
	for i, v := range got.Mask.Pix {
		if v != 0 && part.Pix[i] == 0 {
			t.Fatalf("pixel %d of the mask is not on the part", i)
		}
	}
	player := anomaly.NewPlayer(noted.Log())
	again, err := g.Generate(t.Context(), anomaly.Input{Normal: demo.Picture()}, player)
	if err != nil || player.Err() != nil || !slices.Equal(again.Mask.Pix, got.Mask.Pix) || !slices.Equal(again.Picture.Pix, got.Picture.Pix) {
		t.Errorf("the same draws make another mask: %v, %v", err, player.Err())
	}
	if n := marked(got.Mask); n == 0 || n == marked(part) {
		t.Errorf("a mask of %d pixels, of the part's %d", n, marked(part))
	}
	o.ByWord.Threshold, o.Attempts = 1, 2
	if _, err := newAnomalyDiffusion(t, p, l, o).Generate(t.Context(), anomaly.Input{Normal: demo.Picture()}, anomaly.NewDraws(2)); !errors.Is(err, anomaly.ErrNothingChanged) {
		t.Errorf("of a picture in which nothing is light: %v", err)
	}
}
