package detect

import (
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// enlarge is how numbers of patches become those of the square's pixels.
type enlarge struct {
	nearest bool    // repeated (torch's mode "nearest"), or else bilinear
	kornia  bool    // smoothed with kornia's border, or else SciPy's
	sigma   float64 // of the Gaussian, in pixels of the square
}

// Maps are smoothed with sigma 4, in both readings of both methods, and with 100 at most.
const defaultSigma, maxSigma = 4.0, 100

func (e enlarge) check() error {
	if !(e.sigma > 0 && e.sigma <= maxSigma) {
		return wrong("maps are to be smoothed with sigma %g, want more than 0 and at most %d", e.sigma, maxSigma)
	}
	return nil
}

// square is the map [height, width] of numbers [h, w].
func (e enlarge) square(patches []float32, h, w, height, width int) ([]float32, error) {
	rule, smooth := images.TorchBilinear, images.Gaussian
	if e.nearest {
		rule = images.TorchNearest
	}
	if e.kornia {
		smooth = images.KorniaGaussian
	}
	m, err := images.ResizeMap(patches, h, w, 1, height, width, rule)
	if err != nil {
		return m, err
	}
	return smooth(m, height, width, e.sigma)
}

// outward brings a map of the square to the picture's own size: bilinear, and beyond the part that was seen the nearest
// number.
func (v view) outward(square []float32, size image.Point) (anomaly.Map, error) {
	f, err := v.frame(size)
	if err != nil {
		return anomaly.Map{}, fmt.Errorf("detect: %w%.0w", err, ErrArgument)
	}
	m := anomaly.Map{Values: make([]float32, size.X*size.Y), Width: size.X, Height: size.Y}
	rows := partTaps(v.side, size.Y, f.resized.Y, f.part.Min.Y)
	columns := partTaps(v.side, size.X, f.resized.X, f.part.Min.X)
	kernels.Resample(m.Values, square, 1, v.side, v.side, 1, rows, columns)
	return m, nil
}

// partTaps interpolates n pixels of a picture's side, which was resized to `resized` and of which `side` pixels from
// `first` on are known. Positions are between half-pixel centres, in float64.
func partTaps(side, n, resized, first int) kernels.Taps {
	t := kernels.Taps{In: side, Out: n}
	for i := range n {
		at := (float64(i)+0.5)*float64(resized)/float64(n) - 0.5 - float64(first)
		at = min(max(at, 0), float64(side-1))
		start := int(at)
		weight := []float32{1}
		if part := at - float64(start); part > 0 {
			weight = []float32{float32(1 - part), float32(part)}
		}
		t.Start, t.Count, t.Weight = append(t.Start, start), append(t.Count, len(weight)), append(t.Weight, weight)
	}
	return t
}

// detection is what is said of a picture of a size whose patches have these numbers, on the grid of a layer. score makes
// its score of the map of the square.
func (v view) detection(numbers []float32, grid features, e enlarge, size image.Point, score func(square []float32) float64) (anomaly.Detection, error) {
	if i := slices.IndexFunc(numbers, func(n float32) bool { return n-n != 0 }); i >= 0 {
		return anomaly.Detection{}, fmt.Errorf("detect: the number of patch %d, %d is %v%.0w", i%grid.w, i/grid.w, numbers[i], ErrNotFinite)
	}
	square, err := e.square(numbers, grid.h, grid.w, v.side, v.side)
	if err != nil {
		return anomaly.Detection{}, fmt.Errorf("detect: %w", err)
	}
	m, err := v.outward(square, size)
	return anomaly.Detection{Score: score(square), Map: m}, err
}

// largest is a score of a map.
func largest(square []float32) float64 { return float64(slices.Max(square)) }

// already is a score that was known before the map.
func already(score float64) func([]float32) float64 { return func([]float32) float64 { return score } }

// shares are for each patch of a grid, [h, w], how much of it a mask of the picture's size has white.
func (v view) shares(mask *image.Gray, h, w int) ([]float32, error) {
	size := mask.Rect.Size()
	f, err := v.frame(size)
	if err != nil {
		return nil, fmt.Errorf("detect: %w%.0w", err, ErrArgument)
	}
	white := make([]float32, size.X*size.Y)
	for i := range white {
		if mask.Pix[i/size.X*mask.Stride+i%size.X] > 0 {
			white[i] = 1
		}
	}
	rows := cellTaps(size.Y, h, float64(v.side)/float64(f.resized.Y), float64(f.part.Min.Y)/float64(f.resized.Y))
	columns := cellTaps(size.X, w, float64(v.side)/float64(f.resized.X), float64(f.part.Min.X)/float64(f.resized.X))
	out := make([]float32, h*w)
	kernels.Resample(out, white, 1, size.Y, size.X, 1, rows, columns)
	return out, nil
}

// cellTaps are the means over n equal cells of a side's pixels: cells fill a part of the side that begins at a share of it
// and is as long as another.
func cellTaps(side, n int, long, begin float64) kernels.Taps {
	t := kernels.Taps{In: side, Out: n}
	for i := range n {
		lo := (begin + long*float64(i)/float64(n)) * float64(side)
		hi := (begin + long*float64(i+1)/float64(n)) * float64(side)
		first, last := int(lo), min(int(math.Ceil(hi)), side)
		first = min(first, last-1)
		weight := make([]float32, last-first)
		for j := range weight {
			weight[j] = float32((min(hi, float64(first+j+1)) - max(lo, float64(first+j))) / (hi - lo))
		}
		t.Start, t.Count, t.Weight = append(t.Start, first), append(t.Count, len(weight)), append(t.Weight, weight)
	}
	return t
}
