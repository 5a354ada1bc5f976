package images

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels"
)

// Gaussian returns a map [h, w] that is smoothed with a Gaussian of standard deviation sigma, in pixels, cut off at
// four of them; beyond the border the map is mirrored, its outermost values twice (scipy.ndimage's "reflect").
func Gaussian(m []float32, h, w int, sigma float64) ([]float32, error) {
	if err := checkGaussian(m, h, w, sigma); err != nil {
		return nil, err
	}
	return smooth(m, h, w, bell(sigma, reach(sigma)), mirrored), nil
}

// KorniaGaussian is Gaussian as anomalib has it, with kornia's border: the map is mirrored without its outermost values
// (torch's pad mode "reflect"), again and again where torch would refuse a map smaller than the window.
func KorniaGaussian(m []float32, h, w int, sigma float64) ([]float32, error) {
	if err := checkGaussian(m, h, w, sigma); err != nil {
		return nil, err
	}
	return smooth(m, h, w, bell(sigma, reach(sigma)), reflected), nil
}

// reach is where a Gaussian is cut off.
func reach(sigma float64) int { return int(4*sigma + 0.5) }

func checkGaussian(m []float32, h, w int, sigma float64) error {
	if !(sigma >= 0 && sigma <= maxSigma) {
		return fmt.Errorf("images: a Gaussian's sigma is %g pixels, want 0 to %d", sigma, maxSigma)
	}
	return checkMap(m, h, w, h, w)
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

// border is the place among n that stands for i, which may lie beyond.
type border func(i, n int) int

// smooth weights each number with its neighbours in both directions.
func smooth(m []float32, h, w int, weights []float64, beyond border) []float32 {
	return smoothed(smoothed(m, w, h, w, 1, weights, beyond), h, w, 1, w, weights, beyond)
}

// maxSigma bounds the work, also of a disc.
const maxSigma = 1000

// smoothed weights each number with its neighbours on its line: lines of n numbers, which are step apart; the lines
// are line apart.
func smoothed(m []float32, n, lines, line, step int, weights []float64, beyond border) []float32 {
	out := make([]float32, len(m))
	most := len(weights) - 1
	kernels.Range(lines, 1+1<<14/(n*len(weights)), func(lo, hi int) {
		padded := make([]float32, n+2*most)
		for l := lo; l < hi; l++ {
			for i := range padded {
				padded[i] = m[l*line+beyond(i-most, n)*step]
			}
			for i := range n {
				middle := most + i
				sum := weights[0] * float64(padded[middle])
				for k, weight := range weights[1:] {
					sum += weight * float64(padded[middle-k-1]+padded[middle+k+1])
				}
				out[l*line+i*step] = float32(sum)
			}
		}
	})
	return out
}

// mirrored repeats the outermost places.
func mirrored(i, n int) int {
	i %= 2 * n
	if i < 0 {
		i += 2 * n
	}
	return min(i, 2*n-1-i)
}

// reflected does not.
func reflected(i, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	i = (i%period + period) % period
	return min(i, period-i)
}
