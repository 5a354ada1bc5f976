package metric

import (
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// slow is every metric as it is defined, pixel by pixel and threshold by threshold.
type slow struct {
	score     []float64
	defective []bool
	region    []int // the number of each pixel's region, 0 for none; nil of pictures
	regions   int
}

// auroc counts the pairs that are in order.
func (s slow) auroc() float64 {
	pairs, ordered := 0.0, 0.0
	for i, a := range s.score {
		for j, b := range s.score {
			if !s.defective[i] || s.defective[j] {
				continue
			}
			pairs++
			switch {
			case a > b:
				ordered++
			case a == b:
				ordered += 0.5
			}
		}
	}
	return ordered / pairs
}

// thresholds are the distinct scores, from the highest to the lowest.
func (s slow) thresholds() []float64 {
	all := slices.Sorted(slices.Values(s.score))
	slices.Reverse(all)
	for i := range all {
		all[i] += 0 // -0 is no threshold of its own
	}
	return slices.Compact(all)
}

// at counts what scores at least a threshold.
func (s slow) at(threshold float64, defective bool) (n float64) {
	for i, v := range s.score {
		if v >= threshold && s.defective[i] == defective {
			n++
		}
	}
	return n
}

func (s slow) averagePrecision() (sum float64) {
	recall := 0.0
	for _, t := range s.thresholds() {
		right, wrong := s.at(t, true), s.at(t, false)
		r := right / s.at(math.Inf(-1), true)
		sum += (r - recall) * right / (right + wrong)
		recall = r
	}
	return sum
}

func (s slow) f1Max() (best F1) {
	for _, t := range s.thresholds() {
		right, wrong, all := s.at(t, true), s.at(t, false), s.at(math.Inf(-1), true)
		if f1 := 2 * right / (right + wrong + all); f1 >= best.Value {
			best = F1{f1, t, right / (right + wrong), right / all}
		}
	}
	return best
}

// aupro has every point of the curve, each by counting all pixels.
func (s slow) aupro(limit float64) float64 {
	x, y := []float64{0}, []float64{0}
	for _, t := range s.thresholds() {
		reached, size := make([]float64, s.regions+1), make([]float64, s.regions+1)
		for i, r := range s.region {
			size[r]++
			if s.score[i] >= t {
				reached[r]++
			}
		}
		mean := 0.0
		for r := 1; r <= s.regions; r++ {
			mean += reached[r] / size[r] / float64(s.regions)
		}
		x, y = append(x, reached[0]/size[0]), append(y, mean)
	}
	// The area below a piece of the curve is that of its straight line up to the limit.
	area := 0.0
	for i := 1; i < len(x); i++ {
		if x[i-1] >= limit || x[i] == x[i-1] {
			continue
		}
		end := min(x[i], limit)
		slope := (y[i] - y[i-1]) / (x[i] - x[i-1])
		area += (end - x[i-1]) * (y[i-1] + slope*(end-x[i-1])/2)
	}
	return area / limit
}

// compareSlow compares pictures' metrics with the definitions.
func compareSlow(t *testing.T, score []float64, defective []bool) {
	t.Helper()
	s := slow{score: score, defective: defective}
	auroc, err := AUROC(score, defective)
	ap, err2 := AveragePrecision(score, defective)
	f1, err3 := F1Max(score, defective)
	if !slices.Contains(defective, true) || !slices.Contains(defective, false) {
		if !errors.Is(err, ErrOneClass) || !errors.Is(err2, ErrOneClass) || !errors.Is(err3, ErrOneClass) {
			t.Errorf("errors %v, %v, %v of one class", err, err2, err3)
		}
		return
	}
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	near(t, "AUROC", auroc, s.auroc())
	near(t, "average precision", ap, s.averagePrecision())
	if want := s.f1Max(); f1 != want {
		t.Errorf("F1 %v, want %v", f1, want)
	}
}

func TestPicturesByDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n, steps := 1+rng.IntN(40), 1+rng.IntN(20)
		score, defective := make([]float64, n), make([]bool, n)
		for i := range score {
			score[i], defective[i] = float64(rng.IntN(steps)-steps/2)*0.3, rng.IntN(3) == 0
		}
		compareSlow(t, score, defective)
	}
}

func FuzzPictures(f *testing.F) {
	f.Add([]byte{3, 1, 3, 0, 2, 1})
	f.Add([]byte{0, 1, 0x80, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var score []float64
		var defective []bool
		for ; len(data) > 1 && len(score) < 100; data = data[2:] {
			v := float64(data[0] & 0x7f)
			if data[0]&0x80 != 0 {
				v = -v // 0, too
			}
			score, defective = append(score, v), append(defective, data[1]&1 != 0)
		}
		compareSlow(t, score, defective)
	})
}

// scene is maps and masks, and the same as the definitions take it.
type scene struct {
	slow
	pixels Pixels
}

// add adds a map and a mask, 0 or other numbers.
func (s *scene) add(t *testing.T, w, h int, values []float32, mask []byte) {
	t.Helper()
	truth := &image.Gray{Pix: mask, Stride: w, Rect: image.Rect(-3, 5, w-3, 5+h)}
	if err := s.pixels.Add(anomaly.Map{Values: values, Width: w, Height: h}, truth); err != nil {
		t.Fatal(err)
	}
	region := make([]int, w*h)
	var fill func(x, y int)
	fill = func(x, y int) {
		if x < 0 || x >= w || y < 0 || y >= h || mask[y*w+x] == 0 || region[y*w+x] != 0 {
			return
		}
		region[y*w+x] = s.regions
		for k := range 9 {
			fill(x+k%3-1, y+k/3-1)
		}
	}
	for i, m := range mask {
		if m != 0 && region[i] == 0 {
			s.regions++
			fill(i%w, i/w)
		}
		s.score, s.defective = append(s.score, float64(values[i])), append(s.defective, m != 0)
	}
	s.region = append(s.region, region...)
}

// compare compares all results with the definitions.
func (s *scene) compare(t *testing.T) {
	t.Helper()
	auroc, err := s.pixels.AUROC()
	ap, err2 := s.pixels.AveragePrecision()
	f1, err3 := s.pixels.F1Max()
	if !slices.Contains(s.defective, true) || !slices.Contains(s.defective, false) {
		_, err4 := s.pixels.AUPRO(0.3)
		for _, err := range []error{err, err2, err3, err4} {
			if !errors.Is(err, ErrOneClass) {
				t.Errorf("error %v of one class", err)
			}
		}
		return
	}
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	near(t, "AUROC", auroc, s.auroc())
	near(t, "average precision", ap, s.averagePrecision())
	if want := s.f1Max(); f1 != want {
		t.Errorf("F1 %v, want %v", f1, want)
	}
	for _, limit := range []float64{0.01, 0.05, 0.3, 0.5, 1} {
		aupro, err := s.pixels.AUPRO(limit)
		if err != nil {
			t.Fatal(err)
		}
		if want := s.aupro(limit); math.Abs(aupro-want) > 1e-12 {
			t.Errorf("AUPRO up to %v is %v, want %v", limit, aupro, want)
		}
	}
}

// TestPixelsByDefinition has results between the pictures, too: what was sorted takes more pixels.
func TestPixelsByDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		var s scene
		steps, odds := 2+rng.IntN(30), 2+rng.IntN(6)
		for range 1 + rng.IntN(3) {
			w, h := 1+rng.IntN(12), 1+rng.IntN(12)
			values, mask := make([]float32, w*h), make([]byte, w*h)
			for i := range values {
				values[i] = float32(rng.IntN(steps)-steps/2) / 7
				if rng.IntN(odds) == 0 {
					mask[i] = byte(1 + rng.IntN(255))
				}
			}
			s.add(t, w, h, values, mask)
			s.compare(t)
		}
	}
}

func FuzzPixels(f *testing.F) {
	f.Add([]byte{3, 1, 3, 0, 2, 1, 9, 1}, 2)
	f.Add([]byte{0, 1, 0x80, 0, 1, 1}, 3)
	f.Fuzz(func(t *testing.T, data []byte, w int) {
		n := min(len(data)/2, 100)
		if w < 1 || w > n {
			return
		}
		n -= n % w
		values, mask := make([]float32, n), make([]byte, n)
		for i := range values {
			values[i] = float32(int8(data[2*i]&^0x80)) / 3
			if data[2*i]&0x80 != 0 {
				values[i] = -values[i] // 0, too
			}
			mask[i] = data[2*i+1] & 3
		}
		var s scene
		s.add(t, w, n/w, values, mask)
		s.compare(t)
	})
}
