package detect

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestFrames are torchvision's: the shorter side resized to 256, the longer one rounded down, and the middle 224 pixels;
// anomalib's is the whole.
func TestFrames(t *testing.T) {
	for _, c := range []struct {
		reading Reading
		size    image.Point
		resized image.Point
		corner  image.Point
	}{
		{Official, image.Pt(900, 900), image.Pt(256, 256), image.Pt(16, 16)},
		{Official, image.Pt(301, 200), image.Pt(385, 256), image.Pt(80, 16)}, // 161/2 is rounded to the even 80
		{Official, image.Pt(100, 307), image.Pt(256, 785), image.Pt(16, 280)},
		{Anomalib, image.Pt(301, 200), image.Pt(256, 256), image.Pt(0, 0)},
	} {
		v := view{c.reading, images.PillowBilinear, c.reading.sideOr(0)}
		f, err := v.frame(c.size)
		if err != nil || f.resized != c.resized || f.part.Min != c.corner || f.part.Dx() != v.side || f.part.Dy() != v.side {
			t.Errorf("%v of %v: %+v (%v), want %v, and a part from %v", c.reading, c.size, f, err, c.resized, c.corner)
		}
	}
}

// TestWhatIsSeen: levels are scaled as the network says; Pillow rounds them to whole ones, anomalib's resizing does not.
func TestWhatIsSeen(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range 64 * 64 {
		picture.SetRGBA(i%64, i/64, color.RGBA{uint8(i % 64), 100, 255, 255})
	}
	for _, r := range []Reading{Official, Anomalib} {
		v := view{r, images.PillowBilinear, 96}
		seen, err := v.see(picture, vision.Scaling{Mean: [3]float32{0, 0.1, 0}, Deviation: [3]float32{1. / 255, 0.5, 2}})
		if err != nil || len(seen) != 96*96*3 {
			t.Fatalf("%v: %d numbers, %v", r, len(seen), err)
		}
		whole := true
		for i := 0; i < len(seen); i += 3 {
			whole = whole && math.Abs(float64(seen[i])-math.Round(float64(seen[i]))) < 1e-4
			if d := seen[i+1] - (100./255-0.1)/0.5; d*d > 1e-10 || seen[i+2] != 0.5 {
				t.Fatalf("%v: green %g and blue %g", r, seen[i+1], seen[i+2])
			}
		}
		if whole != (r == Official) {
			t.Errorf("%v: all levels are whole: %v", r, whole)
		}
	}
}

// TestMapsLieOnThePicture: what the network sees at a place comes back there, and beyond what it sees the nearest number.
func TestMapsLieOnThePicture(t *testing.T) {
	size := image.Pt(420, 320)
	v := view{Official, images.PillowBilinear, 224} // resized to 336×256, seen from 56, 16 on
	square := make([]float32, 224*224)
	for i := range square {
		square[i] = float32(i%224) + 1000*float32(i/224)
	}
	m, err := v.outward(square, size)
	if err != nil {
		t.Fatal(err)
	}
	for y := range size.Y {
		for x := range size.X {
			at := func(p, n, resized, first int) float64 {
				return min(max((float64(p)+0.5)*float64(resized)/float64(n)-0.5-float64(first), 0), 223)
			}
			want := at(x, 420, 336, 56) + 1000*at(y, 320, 256, 16)
			if got := float64(m.At(x, y)); math.Abs(got-want) > 0.05 {
				t.Fatalf("at %d, %d the map is %g, want %g", x, y, got, want)
			}
		}
	}
	whole := view{Anomalib, images.PillowBilinear, 64}
	if m, err = whole.outward(square[:64*64], image.Pt(64, 64)); err != nil {
		t.Fatal(err)
	}
	for i, v := range m.Values {
		if v != square[i] {
			t.Fatalf("a map of the square's own size is %g at %d, want %g", v, i, square[i])
		}
	}
}

// TestShares: how much of each patch is defective, in the part that is seen.
func TestShares(t *testing.T) {
	mask := image.NewGray(image.Rect(0, 0, 80, 80))
	for y := 30; y < 45; y++ {
		for x := 50; x < 60; x++ {
			mask.SetGray(x, y, color.Gray{1})
		}
	}
	whole := view{Anomalib, images.PillowBilinear, 64} // patches of 20×20 pixels
	got, err := whole.shares(mask, 4, 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		want := map[int]float32{4 + 2: 10 * 10 / 400., 8 + 2: 10 * 5 / 400.}[i]
		if d := v - want; d*d > 1e-12 {
			t.Errorf("patch %d: %g, want %g", i, v, want)
		}
	}
	middle := view{Official, images.PillowBilinear, 70} // 7/8 of it: 70 pixels from 5, 5 on
	if got, err = middle.shares(mask, 4, 4); err != nil {
		t.Fatal(err)
	}
	sum := float32(0)
	for _, v := range got {
		sum += v * 17.5 * 17.5
	}
	if d := sum - 150; d*d > 1e-4 || got[4+2] < 0.2448 || got[4+2] > 0.245 {
		t.Errorf("the shares %v add up to %g pixels, want 150", got, sum)
	}
}
