package images

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// Otsu returns the threshold that best separates the values into a low and a high class: the one with the
// largest variance between the classes (Otsu 1979). It is scikit-image's threshold_otsu: a histogram of 256
// bins from the smallest to the largest value, and the centre of the first best bin; the high class is what
// lies above it (Above). For values that are all the same it is that value. What is not finite does not
// count; without a finite value the threshold is 0.
func Otsu(values []float32) float32 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if isFinite(v) {
			lo, hi = min(lo, float64(v)), max(hi, float64(v))
		}
	}
	if lo >= hi {
		if lo > hi {
			return 0
		}
		return float32(lo)
	}
	const bins = 256
	var count [bins]float64
	width := (hi - lo) / bins
	for _, v := range values {
		if isFinite(v) {
			count[min(int((float64(v)-lo)/width), bins-1)]++
		}
	}
	return float32(lo + (float64(bestSplit(count[:]))+0.5)*width)
}

func isFinite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// bestSplit returns the first bin such that the variance between the bins up to it and those above is largest.
func bestSplit(count []float64) int {
	var total, totalSum float64
	for bin, n := range count {
		total += n
		totalSum += n * float64(bin)
	}
	best, bestVariance := 0, math.Inf(-1)
	var low, lowSum float64
	for bin, n := range count[:len(count)-1] {
		low += n
		lowSum += n * float64(bin)
		high, highSum := total-low, totalSum-lowSum
		d := lowSum/low - highSum/high
		if variance := low * high * d * d; variance > bestVariance {
			best, bestVariance = bin, variance
		}
	}
	return best
}

// Above returns 1 where a value is above the threshold, 0 elsewhere.
func Above(values []float32, threshold float32) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		if v > threshold {
			out[i] = 1
		}
	}
	return out
}

// ResizeBilinear resizes a map [h, w] to [toH, toW] between half-pixel centres, as
// torch.nn.functional.interpolate(mode="bilinear", align_corners=False): without antialiasing.
func ResizeBilinear(m []float32, h, w, toH, toW int) ([]float32, error) {
	if err := checkMap(m, h, w, toH, toW); err != nil {
		return nil, err
	}
	out := make([]float32, toH*toW)
	kernels.Resample(out, m, 1, h, w, 1, kernels.BilinearTaps(h, toH), kernels.BilinearTaps(w, toW))
	return out, nil
}

// ShrinkMask reduces a mask [h, w] of values from 0 to 1 to [toH, toW], of which h and w are multiples: 1
// where the mean of a block is at least 0.5, 0 elsewhere.
func ShrinkMask(mask []float32, h, w, toH, toW int) ([]float32, error) {
	if err := checkMap(mask, h, w, toH, toW); err != nil {
		return nil, err
	}
	if h%toH != 0 || w%toW != 0 {
		return nil, fmt.Errorf("images: a mask of %d×%d (height by width) does not divide into %d×%d equal blocks", h, w, toH, toW)
	}
	out := make([]float32, toH*toW)
	blockH, blockW := h/toH, w/toW
	for y := range toH {
		for x := range toW {
			sum := 0.0
			for _, row := range rowsOf(mask, w, y*blockH, blockH) {
				for _, v := range row[x*blockW:][:blockW] {
					sum += float64(v)
				}
			}
			if sum >= 0.5*float64(blockH*blockW) {
				out[y*toW+x] = 1
			}
		}
	}
	return out, nil
}

// rowsOf returns n rows of a map of width w, from row first on.
func rowsOf(m []float32, w, first, n int) [][]float32 {
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = m[(first+i)*w:][:w]
	}
	return rows
}

func checkMap(m []float32, h, w, toH, toW int) error {
	if h < 1 || w < 1 || toH < 1 || toW < 1 {
		return fmt.Errorf("images: map sizes must be at least 1×1, not %d×%d and %d×%d", h, w, toH, toW)
	}
	for _, size := range [][2]int{{h, w}, {toH, toW}} {
		if err := CheckSize(size[1], size[0]); err != nil {
			return fmt.Errorf("images: %w", err)
		}
	}
	if len(m) != h*w {
		return fmt.Errorf("images: a map of %d×%d has %d values, not %d", h, w, h*w, len(m))
	}
	return nil
}
