package images

import (
	"fmt"
	"math"
)

// Gaussian returns a map [h, w] that is smoothed with a Gaussian of standard deviation sigma, in pixels, cut off at
// four of them; beyond the border the map is mirrored, its outermost values twice (scipy.ndimage's "reflect").
func Gaussian(m []float32, h, w int, sigma float64) ([]float32, error) {
	if err := checkMap(m, h, w, h, w); err != nil {
		return nil, err
	}
	if !(sigma >= 0 && sigma <= maxSigma) {
		return nil, fmt.Errorf("images: a Gaussian's sigma is %g pixels, want 0 to %d", sigma, maxSigma)
	}
	return smooth(m, h, w, bell(sigma, int(4*sigma+0.5))), nil
}

// bell is a Gaussian's weights from its middle to one side, which add up to 1 over both.
func bell(sigma float64, radius int) []float64 {
	weights, sum := make([]float64, radius+1), 0.0
	for i := range weights {
		weights[i] = 1
		if i > 0 {
			weights[i] = math.Exp(-0.5 * float64(i*i) / (sigma * sigma))
			sum += weights[i]
		}
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return weights
}

// smooth weights each number with its neighbours in both directions.
func smooth(m []float32, h, w int, weights []float64) []float32 {
	return smoothed(smoothed(m, w, h, w, 1, weights), h, w, 1, w, weights)
}

// maxSigma bounds the work, also of a disc.
const maxSigma = 1000

// smoothed weights each number with its neighbours on its line: lines of n numbers, which are step apart; the lines
// are line apart.
func smoothed(m []float32, n, lines, line, step int, weights []float64) []float32 {
	out := make([]float32, len(m))
	for l := range lines {
		for i := range n {
			sum := weights[0] * float64(m[l*line+i*step])
			for k, weight := range weights[1:] {
				sum += weight * float64(m[l*line+mirrored(i-k-1, n)*step]+m[l*line+mirrored(i+k+1, n)*step])
			}
			out[l*line+i*step] = float32(sum)
		}
	}
	return out
}

// mirrored is the place among n that stands for i, which may lie beyond.
func mirrored(i, n int) int {
	i %= 2 * n
	if i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}
