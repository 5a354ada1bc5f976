package images

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestPoisson compares with the exact solution of the equations (testdata/make_poisson.py), regions at the border and
// with a hole among them.
func TestPoisson(t *testing.T) {
	f, err := tensor.Read(filepath.Join("testdata", "poisson.safetensors"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	read := func(name string) *image.RGBA {
		m, err := Read(t.Context(), filepath.Join("testdata", "poisson-"+name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	source, destination := read("source"), read("destination")
	for _, c := range []struct {
		mask  string
		mixed bool
	}{{"ellipse", false}, {"ellipse", true}, {"two", false}} {
		name := c.mask + map[bool]string{false: ".normal", true: ".mixed"}[c.mixed]
		d, err := f.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		want := tensor.Float32s(d)
		got, err := Poisson(t.Context(), destination, source, Binary(read(c.mask)), c.mixed)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			v := got.Pix[i/3*4+i%3]
			if limited := min(max(float64(w), 0), 255); math.Abs(float64(v)-limited) > 0.51 {
				t.Fatalf("%s: number %d is %d, want %.3f", name, i, v, w)
			}
		}
	}
}

// TestPoissonOfItself leaves a picture as it is, whatever is added to the source.
func TestPoissonOfItself(t *testing.T) {
	destination := image.NewRGBA(image.Rect(0, 0, 40, 30))
	lighter := image.NewRGBA(destination.Rect)
	mask := make([]float32, 40*30)
	for i := range mask {
		x, y := i%40, i/40
		c := color.RGBA{uint8(4 * x), uint8(5 * y), uint8(x * y % 180), 255}
		destination.SetRGBA(x, y, c)
		lighter.SetRGBA(x, y, color.RGBA{c.R + 40, c.G + 20, c.B + 60, 255})
		if x > 3 && x < 35 && y > 5 || x == 1 {
			mask[i] = 1
		}
	}
	for _, source := range []*image.RGBA{destination, lighter} {
		for _, mixed := range []bool{false, true} {
			got, err := Poisson(t.Context(), destination, source, mask, mixed)
			if err != nil {
				t.Fatal(err)
			}
			if !cmp.Equal(got, destination) {
				t.Errorf("mixed %v: the picture has changed", mixed)
			}
		}
	}
	all := make([]float32, len(mask))
	for i := range all {
		all[i] = 1
	}
	if got, err := Poisson(t.Context(), destination, lighter, all, false); err != nil || !cmp.Equal(got, lighter) {
		t.Errorf("with a mask of everything it is not the source: %v", err)
	}
}

func TestPoissonRefuses(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	m, inside := filled(9, 9, color.White), make([]float32, 81)
	inside[40] = 1
	m.Pix[160] = 7
	if _, err := Poisson(cancelled, m, filled(9, 9, color.White), inside, false); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
	a := image.NewRGBA(image.Rect(0, 0, 4, 4))
	var none context.Context
	for name, call := range map[string]func() (*image.RGBA, error){
		"no context": func() (*image.RGBA, error) { return Poisson(none, a, a, make([]float32, 16), false) },
		"nothing":    func() (*image.RGBA, error) { return Poisson(t.Context(), nil, nil, nil, false) },
		"a source of another size": func() (*image.RGBA, error) {
			return Poisson(t.Context(), a, image.NewRGBA(image.Rect(0, 0, 4, 5)), make([]float32, 16), false)
		},
		"a mask of another size": func() (*image.RGBA, error) { return Poisson(t.Context(), a, a, make([]float32, 15), false) },
	} {
		if _, err := call(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestPoissonSolves asks the equations of what solves them: of regions large and small, with and without a box that they
// fill, at the border of the picture, wide and high.
func TestPoissonSolves(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for name, c := range map[string]struct {
		w, h   int
		inside func(x, y float64) bool // from -1 to 1
	}{
		"disc":   {90, 70, func(x, y float64) bool { return x*x+y*y < 0.9 }},
		"high":   {50, 120, func(x, y float64) bool { return x*x+y*y < 0.9 }},
		"ring":   {90, 70, func(x, y float64) bool { return x*x+y*y < 0.9 && x*x+y*y > 0.6 }},
		"border": {80, 80, func(x, y float64) bool { return x > -0.4 && y < 0.6 }},
		"small":  {30, 20, func(x, y float64) bool { return x*x+y*y < 0.9 }},
	} {
		size := image.Pt(c.w, c.h)
		destination, source := randomPicture(r, c.w, c.h, 255), randomPicture(r, c.w, c.h, 255)
		var region []int
		for i := range c.w * c.h {
			if c.inside(2*float64(i%c.w)/float64(c.w-1)-1, 2*float64(i/c.w)/float64(c.h-1)-1) {
				region = append(region, i)
			}
		}
		p := newPoisson(region, size)
		var all []*colourEquations
		var right [][]float64
		for k := range 3 {
			e := p.equations(destination, source, region, k, k == 1)
			all, right = append(all, e), append(right, slices.Clone(e.r))
		}
		if err := p.solve(t.Context(), all); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		left := make([]float64, len(region)+1)
		for k, e := range all {
			p.left(left, e.u)
			for i := range region {
				if d := left[i] - right[k][i]; math.Abs(d) > 2e-3 {
					t.Fatalf("%s, colour %d: the equation of pixel %d is off by %g", name, k, region[i], d)
				}
			}
		}
	}
}
