package anomalyany

import (
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// painted is a photograph of one colour and a result of it: darker everywhere by a tone, black in the boxes; the
// word's attention is strong in attended, weak elsewhere.
func painted(tone float32, attended area, boxes ...area) (photograph *gt.Dense, r *Result) {
	x, y := make([]float32, 3*side*side), make([]float32, 3*side*side)
	r = &Result{SoftMap: make([]float32, side*side)}
	for i := range x {
		at := i % (side * side)
		y[i], x[i] = 0.25, 0.25-tone
		for _, b := range boxes {
			if b.has(at) {
				x[i] = -0.75
			}
		}
		if r.SoftMap[at] = 0.1; attended.has(at) {
			r.SoftMap[at] = 0.9
		}
	}
	r.Image = tensor.FromFloat32s(x, 1, 3, side, side)
	return tensor.FromFloat32s(y, 1, 3, side, side), r
}

// area is a box of a picture of side×side pixels.
type area struct{ x, y, w, h int }

func (b area) has(i int) bool {
	x, y := i%side, i/side
	return x >= b.x && x < b.x+b.w && y >= b.y && y < b.y+b.h
}

// near reports whether a pixel is in the box or beside it.
func (b area) near(i int) bool { return area{b.x - 1, b.y - 1, b.w + 2, b.h + 2}.has(i) }

// TestAnnotation marks what has changed where the word's attention was, to a pixel, and nothing else.
func TestAnnotation(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	attended := area{32, 32, 48, 48}
	thin, elsewhere := area{40, 60, 36, 3}, area{100, 10, 20, 20}
	for _, tone := range []float32{0, 0.3} { // by which the whole picture differs
		photograph, r := painted(tone, attended, thin, elsewhere)
		a, err := g.annotation(r, photograph, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range a.Mask {
			if thin.has(i) && m != 1 || m == 1 && !thin.near(i) {
				t.Fatalf("tone %g: pixel %d, %d is %g in the mask", tone, i%side, i/side, m)
			}
		}
		if top := slices.Max(a.Soft); top != 1 || slices.Min(a.Soft) < 0 {
			t.Errorf("the soft map is %g to %g, want at most 1", slices.Min(a.Soft), top)
		}
		if a.Confidence < 0.6 || a.Confidence > 1 {
			t.Errorf("the confidence of a clear change is %g", a.Confidence)
		}
	}
}

// TestAnnotationKeepsToThePlace: what might not change is not marked.
func TestAnnotationKeepsToThePlace(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	photograph, r := painted(0, area{0, 0, side, side}, area{20, 20, 30, 30})
	may := make([]float32, side*side)
	for i := range may {
		if i%side >= 35 {
			may[i] = 1
		}
	}
	a, err := g.annotation(r, photograph, may)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range a.Mask {
		if changed := (area{20, 20, 30, 30}); m == 1 && (i%side < 35 || !changed.near(i)) || m != 1 && i%side >= 35 && changed.has(i) {
			t.Fatalf("pixel %d, %d is %g in the mask", i%side, i/side, m)
		}
		if may[i] == 0 && a.Soft[i] != 0 {
			t.Fatalf("pixel %d, %d is %g in the soft map, and might not change", i%side, i/side, a.Soft[i])
		}
	}
}

// TestAnnotationOfNothing has an empty mask and no confidence where nothing changed.
func TestAnnotationOfNothing(t *testing.T) {
	g := newGenerator(t, openModel(t, modelA), short())
	photograph, r := painted(0, area{32, 32, 48, 48})
	a, err := g.annotation(r, photograph, nil)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Max(a.Mask) != 0 || a.Confidence != 0 {
		t.Errorf("a mask up to %g, confidence %g", slices.Max(a.Mask), a.Confidence)
	}
}

// TestOutlined takes what touches the sure part, closes gaps and fills holes, and leaves weak parts alone.
func TestOutlined(t *testing.T) {
	const w, h = 24, 24
	soft := make([]float32, w*h)
	set := func(v float32, x, y, dx, dy int) {
		for i := range dx * dy {
			soft[(y+i/dx)*w+x+i%dx] = v
		}
	}
	set(1, 4, 4, 7, 7)
	set(0, 6, 6, 3, 3)     // a hole
	set(0.4, 11, 6, 4, 2)  // touches it; Otsu's threshold is a little higher
	set(0.4, 18, 18, 3, 3) // touches nothing
	threshold := images.Otsu(soft)
	if threshold <= 0.4 || loose*threshold >= 0.4 {
		t.Fatalf("Otsu's threshold is %g, which makes no case", threshold)
	}
	mask, err := outlined(soft, h, w, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range mask {
		x, y := i%w, i/w
		want := x >= 4 && x < 11 && y >= 4 && y < 11 || x >= 11 && x < 15 && y >= 6 && y < 8 ||
			x == 11 && (y == 5 || y == 8) // closed
		if want != (m == 1) {
			t.Errorf("pixel %d, %d is %g", x, y, m)
		}
	}
}
