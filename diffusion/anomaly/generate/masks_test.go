package generate

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// callOf is a call with a picture, of a seed.
func callOf(picture *image.RGBA, seed uint64) *call {
	return &call{Input: anomaly.Input{Normal: picture}, size: picture.Rect.Size(), draws: anomaly.NewRecorder(anomaly.NewDraws(seed))}
}

// draemGolden has pictures, too.
type draemGolden struct {
	golden
	strip *image.RGBA // one below the other
	Cases []struct {
		Cells           [2]int // rows and columns
		Degrees, Weight float64
	}
	Pictures []string
}

func readDRAEM(t *testing.T) *draemGolden {
	t.Helper()
	g := new(draemGolden)
	g.golden = readGolden(t, "draem", g)
	strip, err := images.Read(t.Context(), filepath.Join("testdata", "draem.png"))
	if err != nil {
		t.Fatal(err)
	}
	g.strip = strip
	return g
}

// picture is one of 64×64 pixels.
func (g *draemGolden) picture(name string) *image.RGBA {
	g.t.Helper()
	i := slices.Index(g.Pictures, name)
	if i < 0 {
		g.t.Fatalf("there is no picture %s", name)
	}
	return images.Cut(g.strip, image.Rect(0, 64*i, 64, 64*i+64))
}

// TestMaskAndBlendAreDRAEMs goes from the gradients to the blended picture.
func TestMaskAndBlendAreDRAEMs(t *testing.T) {
	g := readDRAEM(t)
	size := image.Pt(64, 64)
	before, source := g.picture("image"), g.picture("source")
	for i, c := range g.Cases {
		key := fmt.Sprint(i)
		noise, err := Perlin(g.turns(key+".u"), size, image.Pt(c.Cells[1], c.Cells[0]), Cropped)
		if err != nil {
			t.Fatal(err)
		}
		r := newRotation(size, c.Degrees)
		noise = r.numbers(noise)
		wanted, differ := images.Binary(g.picture(key+".mask")), 0
		mask := image.NewGray(image.Rectangle{Max: size})
		for i, v := range noise {
			mask.Pix[i] = uint8(255 * wanted[i])
			if DefaultPerlin().grey(v) != mask.Pix[i] {
				differ++
			}
		}
		made := images.Cut(before, before.Rect)
		blend(made, source, mask, c.Weight, false)
		var rows, mixes []float32
		for y := 0; y < 64; y += 4 {
			rows = append(rows, noise[64*y:][:64]...)
			for x := range 64 {
				for k := range 3 {
					i := before.PixOffset(x, y) + k
					v := between(before.Pix[i], source.Pix[i], float32(c.Weight)*wanted[64*y+x])
					mixes = append(mixes, v/255)
					if got, want := float64(made.Pix[i]), math.RoundToEven(float64(v)); got != want {
						t.Fatalf("case %d: level %g at %d,%d, want %g", i, got, x, y, want)
					}
				}
			}
		}
		turned, mix := apart(rows, g.floats(key+".turned")), apart(mixes, g.floats(key+".blend"))
		t.Logf("case %d: %d pixels of the mask differ; turned within %.2g, blended within %.2g", i, differ, turned, mix)
		if differ > 8 || turned > 2e-6 || mix > 1e-6 {
			t.Errorf("case %d: %d pixels of the mask differ, want at most 8 of 4096; turned noise within %g, want 2e-6; blend within %g, want 1e-6", i, differ, turned, mix)
		}
	}
}

// TestMasksLikeDRAEMs draws 256×256 masks, whose shares and areas were counted of perlin-numpy's noise turned by imgaug
// (3000 of them). A share is off by 3.3 deviations with a probability of 0.001.
func TestMasksLikeDRAEMs(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 300
	}
	size, o, d := image.Pt(256, 256), DefaultPerlin(), anomaly.NewDraws(1)
	empty, single, singleEmpty := 0, 0, 0
	var areas, parts []float64
	for range n {
		record := anomaly.NewRecorder(d)
		mask, _ := o.mask(record, size)
		white := 0
		for _, v := range mask.Pix {
			white += int(v / 255)
		}
		ofOneCell := record.Log()[0].Value == 0 && record.Log()[1].Value == 0
		if ofOneCell {
			single++
		}
		if white == 0 {
			empty++
			if ofOneCell {
				singleEmpty++
			}
			continue
		}
		areas, parts = append(areas, float64(white)/(256*256)), append(parts, float64(partsOf(mask)))
	}
	share := func(what string, got, of int, want, wantOf float64) {
		t.Helper()
		both := (float64(got) + want*wantOf) / (float64(of) + wantOf)
		deviation := math.Sqrt(both * (1 - both) * (1/float64(of) + 1/wantOf))
		off := (float64(got)/float64(of) - want) / deviation
		t.Logf("%s: %.3f, want %.3f, %.2f deviations", what, float64(got)/float64(of), want, off)
		if math.Abs(off) > 3.3 {
			t.Errorf("%s: %d of %d, want a share of %.3f", what, got, of, want)
		}
	}
	share("empty", empty, n, 0.058667, 3000)
	share("empty of one cell", singleEmpty, single, 0.687, 83)
	for _, c := range []struct {
		what   string
		drawn  []float64
		levels map[float64]float64 // quantiles
	}{
		{"area", areas, map[float64]float64{0.05: 0.0179695, 0.25: 0.0390282, 0.5: 0.0466766, 0.75: 0.0558319, 0.95: 0.0948567}},
	} {
		for q, level := range c.levels {
			below := 0
			for _, v := range c.drawn {
				if v <= level {
					below++
				}
			}
			share(fmt.Sprintf("%s at most %.3f", c.what, level), below, len(c.drawn), q, 3000*(1-0.058667))
		}
	}
	for _, c := range []struct{ q, level float64 }{{0.05, 1}, {0.5, 10}, {0.95, 108}} { // ties count on either side
		below, upTo := 0, 0
		for _, v := range parts {
			if v < c.level {
				below++
			}
			if v <= c.level {
				upTo++
			}
		}
		slack := 3.3 * math.Sqrt(c.q*(1-c.q)*(1/float64(len(parts))+1/2824.0))
		if lo, hi := float64(below)/float64(len(parts)), float64(upTo)/float64(len(parts)); lo > c.q+slack || hi < c.q-slack {
			t.Errorf("%.3f to %.3f of the masks have %g parts, want %g of them to have up to so many", lo, hi, c.level, c.q)
		} else {
			t.Logf("parts up to %g: %.3f to %.3f, want %g", c.level, lo, hi, c.q)
		}
	}
}

// partsOf counts the parts of a mask that touch each other nowhere, not even at corners.
func partsOf(mask *image.Gray) (n int) {
	left := image.NewGray(mask.Rect)
	copy(left.Pix, mask.Pix)
	for i := range left.Pix {
		if left.Pix[i] == 0 {
			continue
		}
		n++
		left.Pix[i] = 0
		for stack := []image.Point{{X: i % left.Stride, Y: i / left.Stride}}; len(stack) > 0; {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			for y := at.Y - 1; y <= at.Y+1; y++ {
				for x := at.X - 1; x <= at.X+1; x++ {
					if image.Pt(x, y).In(left.Rect) && left.GrayAt(x, y).Y != 0 {
						left.SetGray(x, y, color.Gray{})
						stack = append(stack, image.Pt(x, y))
					}
				}
			}
		}
	}
	return n
}

// TestMasksInPlace draws masks of every kind, which have nothing outside the place.
func TestMasksInPlace(t *testing.T) {
	place := placeOf(45, 33, image.Rect(20, 11, 31, 19))
	second := DefaultPerlin()
	second.Union, second.Intersection = 0.3, 0.3
	for name, m := range map[string]Masks{
		"perlin": DefaultMasks(), "two": {Kind: PerlinMask, Perlin: second}, "shapes": {Kind: ShapeMask}, "place": {Kind: PlaceMask},
	} {
		if err := m.check(); err != nil {
			t.Fatal(err)
		}
		whites := map[int]bool{}
		for seed := range uint64(20) {
			c := callOf(noisy(45, 33), seed)
			c.Place, c.place = place, place
			mask, err := m.draw(t.Context(), c)
			if err != nil {
				t.Fatal(name, err)
			}
			white := 0
			for i, v := range mask.Pix {
				if v != 0 && (v != 255 || place.Pix[i] == 0) {
					t.Fatalf("%s: the mask is %d at %d, where the place is %d", name, v, i, place.Pix[i])
				}
				white += int(v / 255)
			}
			whites[white] = true
		}
		if len(whites) < 5 && m.Kind != PlaceMask || whites[0] {
			t.Errorf("%s: masks of %v pixels", name, whites)
		}
		if m.Kind == PlaceMask && !whites[11*8] {
			t.Errorf("the place has %v pixels, want 88", whites)
		}
	}
	if _, err := (Masks{Kind: PlaceMask}).draw(t.Context(), callOf(noisy(45, 33), 1)); !errors.Is(err, ErrArgument) {
		t.Errorf("no place: %v", err)
	}
}

// TestTwoNoises has the union and the intersection of two masks differ from the first as they must.
func TestTwoNoises(t *testing.T) {
	one, both := DefaultPerlin(), DefaultPerlin()
	for _, intersection := range []float64{0, 1} {
		both.Union, both.Intersection = 1-intersection, intersection
		more, less := 0, 0
		for seed := range uint64(10) {
			first, _ := one.mask(anomaly.NewDraws(seed), image.Pt(64, 64))
			mask, _ := both.mask(anomaly.NewDraws(seed), image.Pt(64, 64))
			for i, v := range mask.Pix {
				if v > first.Pix[i] {
					more++
				} else if v < first.Pix[i] {
					less++
				}
			}
		}
		if (more > 0) != (intersection == 0) || (less > 0) != (intersection == 1) {
			t.Errorf("intersection %g: %d pixels more, %d less", intersection, more, less)
		}
	}
}

// TestRescaled has noise of one cell, seldom above the threshold, reach it.
func TestRescaled(t *testing.T) {
	o := DefaultPerlin()
	o.Scales, o.Rotation, o.Rescale = [2]int{0, 1}, 0, true
	for seed := range uint64(20) {
		noise := o.noise(anomaly.NewDraws(seed), image.Pt(32, 32))
		if high := slices.Max(noise); high <= 0.5 || high > 1 {
			t.Errorf("seed %d: noise up to %g", seed, high)
		}
	}
	o.Rescale = false
	low := 0
	for seed := range uint64(20) {
		if slices.Max(o.noise(anomaly.NewDraws(seed), image.Pt(32, 32))) <= 0.5 {
			low++
		}
	}
	if low == 0 {
		t.Error("no noise is low as it is")
	}
}

func TestMasksRefuse(t *testing.T) {
	for name, change := range map[string]func(m *Masks){
		"kind":         func(m *Masks) { m.Kind = "" },
		"scales":       func(m *Masks) { m.Perlin.Scales = [2]int{3, 3} },
		"grid":         func(m *Masks) { m.Perlin.Grid = "" },
		"threshold":    func(m *Masks) { m.Perlin.Threshold = math.NaN() },
		"rotation":     func(m *Masks) { m.Perlin.Rotation = 181 },
		"union":        func(m *Masks) { m.Perlin.Union = -0.1 },
		"together":     func(m *Masks) { m.Perlin.Union, m.Perlin.Intersection = 0.6, 0.6 },
		"least":        func(m *Masks) { m.Perlin.Least = 2 },
		"redraws":      func(m *Masks) { m.Perlin.Redraws = 1001 },
		"intersection": func(m *Masks) { m.Perlin.Intersection = math.Inf(1) },
	} {
		m := DefaultMasks()
		change(&m)
		if err := m.check(); !errors.Is(err, ErrArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
