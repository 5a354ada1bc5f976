package images

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSeamlessClone compares with OpenCV (testdata/make_clone.py), which computes in single precision and cuts colours
// off: a few numbers are a level apart.
func TestSeamlessClone(t *testing.T) {
	source, destination := golden(t, "poisson-source"), golden(t, "poisson-destination")
	for _, name := range []string{"odd-normal", "ellipse-normal", "ellipse-mixed", "two-mixed", "grey-normal"} {
		want := golden(t, "clone-"+name)
		mask, mode, _ := strings.Cut(name, "-")
		g := map[string]Gradients{"normal": SourceGradients, "mixed": OpenCVMixedGradients}[mode]
		weights := reds(golden(t, "clone-"+mask))
		corner, err := ClonePoint(weights, image.Pt(38, 33))
		if err != nil {
			t.Fatal(err)
		}
		got, err := SeamlessClone(destination, Cut(source, weights.Rect), weights, corner, g)
		if err != nil {
			t.Fatal(err)
		}
		apart := 0
		for i, v := range got.Pix {
			d := max(v, want.Pix[i]) - min(v, want.Pix[i])
			if d > 1 {
				t.Fatalf("%s: number %d is %d, want %d", name, i, v, want.Pix[i])
			}
			apart += int(d)
		}
		if most := len(got.Pix) * 3 / 4 / 500; apart > most {
			t.Errorf("%s: %d numbers are a level apart, want at most %d", name, apart, most)
		}
	}
}

func golden(t *testing.T, name string) *image.RGBA {
	t.Helper()
	m, err := Read(t.Context(), filepath.Join("testdata", name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// reds is a picture's first channel.
func reds(m *image.RGBA) *image.Gray {
	out := image.NewGray(image.Rectangle{Max: m.Rect.Size()})
	for i := range out.Pix {
		out.Pix[i] = m.Pix[4*i]
	}
	return out
}

// TestSeamlessCloneKeeps leaves a picture as it is if the source differs from it by a colour alone, and leaves what is not
// inside the box whatever the source is.
func TestSeamlessCloneKeeps(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		destination := randomPicture(r, 16+r.IntN(60), 16+r.IntN(60), 120)
		size := image.Pt(1+r.IntN(destination.Rect.Dx()), 1+r.IntN(destination.Rect.Dy()))
		corner := image.Pt(r.IntN(destination.Rect.Dx()-size.X+1), r.IntN(destination.Rect.Dy()-size.Y+1))
		weights := image.NewGray(image.Rectangle{Max: size})
		kept := r.IntN(3) * 4
		for i := range weights.Pix {
			if x, y := i%size.X, i/size.X; x >= kept && y >= kept && r.IntN(100) > 0 {
				weights.Pix[i] = uint8(255 - r.IntN(1+kept*20))
			}
		}
		part := Cut(destination, image.Rectangle{Min: corner, Max: corner.Add(size)})
		for i := range part.Pix {
			part.Pix[i] += uint8(30 * (1 + i%4))
		}
		other := randomPicture(r, size.X, size.Y, 255)
		for _, g := range []Gradients{SourceGradients, LargerGradients, OpenCVMixedGradients} {
			got, err := SeamlessClone(destination, part, weights, corner, g)
			if err != nil || !cmp.Equal(got, destination) {
				t.Fatalf("gradients %d of %v at %v: the picture has changed, error %v", g, size, corner, err)
			}
			got, err = SeamlessClone(destination, other, weights, corner, g)
			if err != nil {
				t.Fatal(err)
			}
			inside := image.Rectangle{Min: corner, Max: corner.Add(size)}.Inset(1)
			for y := range destination.Rect.Dy() {
				for x := range destination.Rect.Dx() {
					if !image.Pt(x, y).In(inside) && got.RGBAAt(x, y) != destination.RGBAAt(x, y) {
						t.Fatalf("gradients %d of %v at %v: pixel %d, %d has changed", g, size, corner, x, y)
					}
				}
			}
		}
	}
}

func randomPicture(r *rand.Rand, w, h, shades int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(r.IntN(shades))
	}
	return m
}

// TestLargerGradients blends an edge at 45° into a plane: by its length it counts, by OpenCV's criterion it does not.
func TestLargerGradients(t *testing.T) {
	plane, edge := plain(40, 40, color.RGBA{100, 100, 100, 255}), image.NewRGBA(image.Rect(0, 0, 40, 40))
	weights := image.NewGray(edge.Rect)
	for i := range weights.Pix {
		weights.Pix[i] = 255
		if x, y := i%40, i/40; x+y > 40 {
			edge.SetRGBA(x, y, color.RGBA{90, 90, 90, 255})
		}
	}
	for g, changes := range map[Gradients]bool{SourceGradients: true, LargerGradients: true, OpenCVMixedGradients: false} {
		got, err := SeamlessClone(plane, edge, weights, image.Point{}, g)
		if err != nil {
			t.Fatal(err)
		}
		if changed := !cmp.Equal(got, plane); changed != changes {
			t.Errorf("gradients %d: changed %v, want %v", g, changed, changes)
		}
	}
}

func TestSeamlessCloneRefuses(t *testing.T) {
	a, b := filled(20, 20, color.White), filled(12, 12, color.Black)
	weights := reds(filled(12, 12, color.White))
	for says, call := range map[string]func() (*image.RGBA, error){
		"no picture":     func() (*image.RGBA, error) { return SeamlessClone(a, nil, weights, image.Pt(2, 2), 0) },
		"no gradients 3": func() (*image.RGBA, error) { return SeamlessClone(a, b, weights, image.Pt(2, 2), 3) },
		"there are none": func() (*image.RGBA, error) { return SeamlessClone(a, b, nil, image.Pt(2, 2), 0) },
		"they have 12×12 pixels": func() (*image.RGBA, error) {
			return SeamlessClone(a, a, weights, image.Point{}, 0)
		},
		"rows of 12 bytes, and only 100 bytes": func() (*image.RGBA, error) {
			return SeamlessClone(a, b, &image.Gray{Pix: weights.Pix[:100], Stride: 12, Rect: weights.Rect}, image.Point{}, 0)
		},
		"with its corner at (9,2) what is blended in does not lie on the destination of 19×20 pixels: corners may be at (-1,-1) to (8,9)": func() (*image.RGBA, error) {
			return SeamlessClone(filled(19, 20, color.White), b, weights, image.Pt(9, 2), 0)
		},
		"with its corner at (9223372036854775807,0)": func() (*image.RGBA, error) {
			return SeamlessClone(a, b, weights, image.Pt(math.MaxInt, 0), 0)
		},
	} {
		if _, err := call(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
	if _, err := ClonePoint(nil, image.Point{}); err == nil {
		t.Error("no weights have a point")
	}
	if _, err := ClonePoint(&image.Gray{Rect: image.Rect(0, 0, 9, 9)}, image.Point{}); err == nil {
		t.Error("weights without pixels have a point")
	}
	if got, err := SeamlessClone(a, b, reds(filled(12, 12, color.Black)), image.Pt(99, 99), 0); err != nil || !cmp.Equal(got, a) {
		t.Errorf("without weights: %v", err)
	}
}
