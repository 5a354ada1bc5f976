package anomaly

import (
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// shapesOf are the priors of one kind, one shape a mask.
func shapesOf(kind ShapeKind) Shapes {
	s := DefaultShapes()
	s.Kinds, s.Most = []ShapeKind{kind}, 1
	return s
}

var allKinds = []ShapeKind{LineShape, DotShape, FreeShape, EllipseShape}

func drawn(t *testing.T, s Shapes, seed uint64, size image.Point, place *image.Gray) *image.Gray {
	t.Helper()
	mask, err := s.Draw(NewDraws(seed), size, place)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return mask
}

// whites are the white pixels of a mask.
func whites(mask *image.Gray) (all []image.Point) {
	for i, v := range mask.Pix {
		if v == 255 {
			all = append(all, image.Pt(i%mask.Stride, i/mask.Stride))
		}
	}
	return all
}

// TestShapesLie: masks of all kinds are black and white, inside the place and not empty; the same of the
// same seed or of its log, and another of another seed.
func TestShapesLie(t *testing.T) {
	size := image.Pt(120, 90)
	place := maskOf(size.X, size.Y, image.Rect(70, 10, 115, 40), image.Rect(5, 60, 30, 85))
	asked := DefaultShapes()
	asked.Kinds, asked.Whole, asked.Size, asked.Angle, asked.Aspect = allKinds, true, Range{Lo: 3, Hi: 90}, Range{Hi: 180}, Range{Lo: 0.1, Hi: 1}
	kinds := []Shapes{DefaultShapes(), asked}
	for _, kind := range allKinds {
		kinds = append(kinds, shapesOf(kind))
	}
	for i, s := range kinds {
		var last *image.Gray
		for seed := range uint64(8) {
			r := NewRecorder(NewDraws(seed))
			mask, err := s.Draw(r, size, place)
			if err != nil {
				t.Fatalf("shapes %d, seed %d: %v", i, seed, err)
			}
			white := whites(mask)
			if len(white) == 0 {
				t.Fatalf("shapes %d, seed %d: the mask is empty", i, seed)
			}
			for _, p := range white {
				if place.GrayAt(p.X, p.Y).Y < 128 {
					t.Fatalf("shapes %d, seed %d: pixel %v lies outside the place", i, seed, p)
				}
			}
			p := NewPlayer(r.Log())
			if again, err := s.Draw(p, size, place); err != nil || p.Err() != nil || !slices.Equal(again.Pix, mask.Pix) {
				t.Errorf("shapes %d, seed %d: the log gives another mask: %v, %v", i, seed, err, p.Err())
			}
			if last != nil && slices.Equal(last.Pix, mask.Pix) {
				t.Errorf("shapes %d: seeds %d and %d have the same mask", i, seed-1, seed)
			}
			last = mask
		}
	}
}

// TestShapesAsWanted measures masks: longest extent, extent across, direction and middle of the box.
func TestShapesAsWanted(t *testing.T) {
	size := image.Pt(200, 160)
	for _, kind := range allKinds {
		s := shapesOf(kind)
		s.Size, s.Angle, s.Aspect, s.At = Range{Lo: 80, Hi: 80}, Range{Lo: 30, Hi: 30}, Range{Lo: 0.4, Hi: 0.4}, &image.Point{X: 110, Y: 70}
		for seed := range uint64(8) {
			white := whites(drawn(t, s, seed, size, nil))
			longest, direction, box := 0.0, 0.0, image.Rectangle{}
			for i, a := range white {
				box = box.Union(image.Rectangle{Min: a, Max: a.Add(image.Pt(1, 1))})
				for _, b := range white[:i] {
					if d := math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)); d > longest {
						longest, direction = d, math.Atan2(float64(b.Y-a.Y), float64(a.X-b.X))*180/math.Pi
					}
				}
			}
			if longest < 75 || longest > 81.5 {
				t.Errorf("%s, seed %d: the longest extent is %.1f pixels, want 80", kind, seed, longest)
			}
			if off := math.Mod(direction-30+270, 180) - 90; math.Abs(off) > 5 {
				t.Errorf("%s, seed %d: the longest extent lies at %.0f°, want 30°", kind, seed, direction)
			}
			least, most := math.Inf(1), math.Inf(-1)
			for _, p := range white {
				across := float64(p.X)*math.Sin(math.Pi/6) + float64(p.Y)*math.Cos(math.Pi/6)
				least, most = min(least, across), max(most, across)
			}
			if across := (most - least + 1) / 80; across < 0.3 || across > 0.5 {
				t.Errorf("%s, seed %d: the extent across is %.2f of the longest, want about 0.4", kind, seed, across)
			}
			if middle := box.Min.Add(box.Max); math.Abs(float64(middle.X-221)) > 3 || math.Abs(float64(middle.Y-141)) > 3 {
				t.Errorf("%s, seed %d: the box is %v, want its middle at 110,70", kind, seed, box)
			}
		}
	}
}

// TestWholeShapes: Whole finds places that hold all of a shape, so that areas are those of the sizes.
func TestWholeShapes(t *testing.T) {
	s := shapesOf(EllipseShape)
	s.Whole, s.Size, s.Aspect = true, Range{Lo: 20, Hi: 20}, Range{Lo: 1, Hi: 1}
	place := maskOf(100, 100, image.Rect(20, 20, 70, 80))
	seen := map[image.Point]bool{}
	for seed := range uint64(50) {
		white := whites(drawn(t, s, seed, image.Pt(100, 100), place))
		if n := float64(len(white)); math.Abs(n-math.Pi*100) > 12 {
			t.Errorf("seed %d: a disc of diameter 20 has %g pixels", seed, n)
		}
		seen[white[0]] = true
	}
	if len(seen) < 45 {
		t.Errorf("50 seeds have %d places", len(seen))
	}
}

// TestShapeDistributions compares with the priors' distributions, by what is drawn and by what is painted.
func TestShapeDistributions(t *testing.T) {
	const n = 800
	size := image.Pt(256, 256)
	uniform := func(lo, hi float64) func(x float64) float64 { return distuv.Uniform{Min: lo, Max: hi}.CDF }
	check := func(what string, numbers []float64, cdf func(x float64) float64) {
		t.Helper()
		if d := kolmogorov(numbers, cdf); d > 1.95/math.Sqrt(float64(len(numbers))) {
			t.Errorf("%s: the distribution is off by %.4f", what, d)
		}
	}
	var lengths, angles, xs, areas, wanted []float64
	line, ellipse := shapesOf(LineShape), shapesOf(EllipseShape)
	line.Line.Wavy, line.Line.Thin, line.Line.Thick = 0, 0, 0
	frame := frame{256, 256, 1, false}
	for seed := range uint64(n) {
		f := line.Line.draw(NewDraws(seed), frame)
		along := f.longest()
		lengths = append(lengths, math.Hypot(real(along), imag(along)))
		angles = append(angles, math.Mod(-math.Atan2(imag(along), real(along))*180/math.Pi+360, 180))
		_, middle := f.centred()
		xs = append(xs, real(middle))
		ellipse.Ellipse.Aspect, ellipse.Whole = Range{Lo: 1, Hi: 1}, true
		areas = append(areas, 2*math.Sqrt(float64(len(whites(drawn(t, ellipse, seed, size, nil))))/math.Pi))
		asked := ellipse
		asked.Size = Range{Lo: 30, Hi: 90}
		wanted = append(wanted, 2*math.Sqrt(float64(len(whites(drawn(t, asked, seed, size, nil))))/math.Pi))
	}
	check("lines' length", lengths, uniform(60, 200))
	check("lines' angle", angles, uniform(0, 180))
	check("lines' middle", xs, uniform(0, 256))
	check("ellipses' diameter", areas, uniform(10, 70))
	check("diameters that are wanted", wanted, uniform(30, 90))
}

// TestShapeNumbers counts how many shapes are united, and of which kind.
func TestShapeNumbers(t *testing.T) {
	const n = 40_000
	d, s := NewDraws(1), DefaultShapes()
	var count [6]float64
	for range n {
		count[s.number(d)]++
	}
	sum := 0.0
	for m := 1; m <= 5; m++ {
		sum += math.Exp(-0.7 * float64(m))
	}
	for m := 1; m <= 5; m++ {
		p := math.Exp(-0.7*float64(m)) / sum
		if want := n * p; math.Abs(count[m]-want) > 5*math.Sqrt(want*(1-p)) {
			t.Errorf("%d shapes came %.0f times of %d, want about %.0f", m, count[m], n, want)
		}
	}
}

// TestRange draws around a mean, in a range, and one number.
func TestRange(t *testing.T) {
	const n = 5000
	for _, c := range []struct {
		r   Range
		cdf func(x float64) float64
	}{
		{Range{Lo: 2, Hi: 6}, distuv.Uniform{Min: 2, Max: 6}.CDF},
		{Range{Lo: 4, Hi: 4, Deviation: 2}, distuv.Normal{Mu: 4, Sigma: 2}.CDF},
	} {
		d, numbers := NewDraws(3), make([]float64, n)
		for i := range numbers {
			numbers[i] = c.r.draw(d)
		}
		if off := kolmogorov(numbers, c.cdf); off > 1.95/math.Sqrt(n) {
			t.Errorf("%v: the distribution is off by %.4f", c.r, off)
		}
	}
	if x := (Range{Lo: 7, Hi: 7}).draw(NewPlayer(nil)); x != 7 {
		t.Errorf("7 to 7 is %v", x)
	}
}

// TestFreeFormsAreOnePart: of what a walk has covered the largest part is kept.
func TestFreeFormsAreOnePart(t *testing.T) {
	s := shapesOf(FreeShape)
	for seed := range uint64(30) {
		mask := drawn(t, s, seed, image.Pt(256, 256), nil)
		f := newField(mask.Rect)
		for i, v := range mask.Pix {
			f.values[i] = float32(v) / 255
		}
		white := whites(mask)
		if n := f.fill(white[0], make([]int, len(f.values)), 1); n != len(white) {
			t.Errorf("seed %d: the part of the first white pixel has %d of %d pixels", seed, n, len(white))
		}
	}
}

// TestThinLinesHold: a line much thinner than a pixel is painted without gaps.
func TestThinLinesHold(t *testing.T) {
	s := shapesOf(LineShape)
	s.Line.Thin, s.Line.Thick, s.Whole = 0, 0.01, true
	for seed := range uint64(30) {
		mask := drawn(t, s, seed, image.Pt(128, 128), nil)
		f := newField(mask.Rect)
		for i, v := range mask.Pix {
			f.values[i] = float32(v) / 255
		}
		white := whites(mask)
		if n := f.fill(white[0], make([]int, len(f.values)), 1); n != len(white) || n < 25 {
			t.Errorf("seed %d: the part of the first white pixel has %d of %d pixels", seed, n, len(white))
		}
	}
}

// TestShapesRefuse: what cannot be drawn is an error that says so, after a bounded number of attempts.
func TestShapesRefuse(t *testing.T) {
	size, nan := image.Pt(40, 30), math.NaN()
	for want, change := range map[string]func(s *Shapes) (image.Point, *image.Gray){
		"no kinds":                   func(s *Shapes) (image.Point, *image.Gray) { *s = Shapes{}; return size, nil },
		`kind "star"`:                func(s *Shapes) (image.Point, *image.Gray) { s.Kinds = []ShapeKind{"star"}; return size, nil },
		"up to 0 shapes":             func(s *Shapes) (image.Point, *image.Gray) { s.Most = 0; return size, nil },
		"a decay of NaN":             func(s *Shapes) (image.Point, *image.Gray) { s.Decay = nan; return size, nil },
		"0 attempts":                 func(s *Shapes) (image.Point, *image.Gray) { s.Attempts = 0; return size, nil },
		"size from 0.5 to 3, want 1": func(s *Shapes) (image.Point, *image.Gray) { s.Size = Range{Lo: 0.5, Hi: 3}; return size, nil },
		"aspect from 0.5 to 3":       func(s *Shapes) (image.Point, *image.Gray) { s.Aspect = Range{Lo: 0.5, Hi: 3}; return size, nil },
		"angle from NaN":             func(s *Shapes) (image.Point, *image.Gray) { s.Angle = Range{Lo: nan, Hi: 3}; return size, nil },
		"from 9 to 3, which is less": func(s *Shapes) (image.Point, *image.Gray) { s.Size = Range{Lo: 9, Hi: 3}; return size, nil },
		"deviation of -1": func(s *Shapes) (image.Point, *image.Gray) {
			s.Size = Range{Lo: 9, Hi: 9, Deviation: -1}
			return size, nil
		},
		"lines' points from 1 to below 40": func(s *Shapes) (image.Point, *image.Gray) { s.Line.Points[0] = 1; return size, nil },
		"free forms' steps from 9":         func(s *Shapes) (image.Point, *image.Gray) { s.Free.Steps = [2]int{9, 9}; return size, nil },
		"dots' radius from 0 to 0":         func(s *Shapes) (image.Point, *image.Gray) { s.Dot.Radius = Range{}; return size, nil },
		"a mask like":                      func(s *Shapes) (image.Point, *image.Gray) { return image.Pt(0, 9), nil },
		"a mask of 41×30":                  func(s *Shapes) (image.Point, *image.Gray) { return size, maskOf(41, 30, image.Rect(0, 0, 9, 9)) },
		"the place is empty":               func(s *Shapes) (image.Point, *image.Gray) { return size, maskOf(40, 30) },
		"at 40,3: that pixel":              func(s *Shapes) (image.Point, *image.Gray) { s.At = &image.Point{X: 40, Y: 3}; return size, nil },
		"of 3 shapes none": func(s *Shapes) (image.Point, *image.Gray) {
			*s = shapesOf(DotShape)
			s.Dot.Radius, s.Attempts = Range{Lo: 1e-9, Hi: 1e-9}, 3
			return size, nil
		},
	} {
		s := DefaultShapes()
		size, place := change(&s)
		if _, err := s.Draw(NewDraws(1), size, place); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

// FuzzShapes draws in pictures of odd sizes, with places at their edges: nothing panics or takes long, and
// all that is white lies inside the place.
func FuzzShapes(f *testing.F) {
	f.Add(uint64(1), uint16(1), uint16(2000), uint8(0), 0.0, 0.0, 0.0, 5)
	f.Add(uint64(2), uint16(3000), uint16(1), uint8(1), 40.0, 30.0, 0.1, -1)
	f.Add(uint64(3), uint16(64), uint16(64), uint8(2), 1e6, 0.0, 1.0, 0)
	f.Add(uint64(4), uint16(7), uint16(90), uint8(3), 3.0, 180.0, 0.001, 629)
	f.Fuzz(func(t *testing.T, seed uint64, w, h uint16, kind uint8, long, angle, aspect float64, at int) {
		size := image.Pt(1+int(w)%4000, 1+int(h)%4000)
		if size.X*size.Y > 200_000 {
			t.Skip()
		}
		s := shapesOf(allKinds[int(kind)%len(allKinds)])
		s.Whole, s.Attempts = kind >= 128, 3
		s.Size, s.Angle, s.Aspect = Range{Lo: long, Hi: long}, Range{Lo: angle, Hi: angle}, Range{Lo: aspect, Hi: aspect}
		place := maskOf(size.X, size.Y, image.Rect(0, 0, 1, size.Y), image.Rect(size.X-1, 0, size.X, 1))
		if at >= 0 && at < size.X*size.Y {
			s.At, place = &image.Point{X: at % size.X, Y: at / size.X}, nil
		}
		mask, err := s.Draw(NewDraws(seed), size, place)
		if err != nil {
			return
		}
		for _, p := range whites(mask) {
			if place != nil && place.GrayAt(p.X, p.Y).Y == 0 {
				t.Fatalf("pixel %v lies outside the place", p)
			}
		}
	})
}
