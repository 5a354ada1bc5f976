package images

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"
)

// plain is a picture of one colour.
func plain(w, h int, c color.RGBA) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		p.SetRGBA(i%w, i/w, c)
	}
	return p
}

// blobs is a mask of a few discs.
func blobs(rng *rand.Rand, w, h int) []float32 {
	mask := make([]float32, w*h)
	for range 1 + rng.IntN(3) {
		x, y, r := rng.IntN(w), rng.IntN(h), 1+rng.IntN(min(w, h)/2)
		for i := range mask {
			if dx, dy := i%w-x, i/w-y; dx*dx+dy*dy < r*r {
				mask[i] = 1
			}
		}
	}
	return mask
}

// nearestOutside is the distance of a pixel from the nearest one outside the mask.
func nearestOutside(mask []float32, w, i int) float64 {
	best := math.Inf(1)
	for j, m := range mask {
		if m == 0 {
			best = min(best, math.Hypot(float64(i%w-j%w), float64(i/w-j/w)))
		}
	}
	return best
}

// TestPaste wants, for any mask: the original outside, the generated picture deep inside, and in the seam
// something between, nearer to the original at the mask's edge.
func TestPaste(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		w, h := 20+rng.IntN(30), 20+rng.IntN(30)
		original := image.NewRGBA(image.Rect(0, 0, w+13, h+9))
		for i := range original.Pix {
			original.Pix[i] = uint8(rng.IntN(100))
		}
		at := image.Rect(5, 3, 5+w, 3+h)
		generated, mask := plain(w, h, color.RGBA{200, 210, 220, 255}), blobs(rng, w, h)
		before := append([]uint8(nil), original.Pix...)
		got, err := Paste(original, at, generated, mask)
		if err != nil {
			t.Fatal(err)
		}
		if string(before) != string(original.Pix) {
			t.Fatal("the original was changed")
		}
		for i := range (w + 13) * (h + 9) {
			p := image.Pt(i%(w+13), i/(w+13))
			was, is := original.RGBAAt(p.X, p.Y), got.RGBAAt(p.X, p.Y)
			if j := (p.Y-3)*w + p.X - 5; !p.In(at) || mask[j] == 0 {
				if was != is {
					t.Fatalf("%v is outside the mask and changed from %v to %v", p, was, is)
				}
			} else {
				d := nearestOutside(mask, w, j)
				share := float64(int(is.R)-int(was.R)) / float64(200-int(was.R))
				if want := min(1, d/(Feather+1)); math.Abs(share-want) > 0.08 {
					t.Fatalf("%v, %.1f pixels inside the mask, is generated to %.2f, want %.2f", p, d, share, want)
				}
			}
		}
	}
}

// TestPasteAll has no edge at the picture's border.
func TestPasteAll(t *testing.T) {
	generated, mask := plain(9, 7, color.RGBA{200, 210, 220, 255}), make([]float32, 63)
	for i := range mask {
		mask[i] = 1
	}
	got, err := Paste(plain(9, 7, color.RGBA{0, 0, 0, 255}), image.Rect(0, 0, 9, 7), generated, mask)
	if err != nil || string(got.Pix) != string(generated.Pix) {
		t.Errorf("a mask of everything changes not everything; error %v", err)
	}
}

func TestPasteErrors(t *testing.T) {
	p := plain(4, 4, color.RGBA{})
	for name, c := range map[string]struct {
		at        image.Rectangle
		generated *image.RGBA
		mask      int
	}{
		"beyond":       {image.Rect(1, 0, 5, 4), p, 16},
		"another size": {image.Rect(0, 0, 4, 4), plain(3, 4, color.RGBA{}), 16},
		"mask's size":  {image.Rect(0, 0, 4, 4), p, 15},
	} {
		if _, err := Paste(p, c.at, c.generated, make([]float32, c.mask)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
