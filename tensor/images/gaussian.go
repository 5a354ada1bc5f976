package images

import (
	"fmt"
	"math"
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

// smooth weights each number with its neighbours in both directions: along rows, then along columns. Sums are in
// double precision.
func smooth(m []float32, h, w int, weights []float64, beyond border) []float32 {
	half, out := make([]float32, len(m)), make([]float32, len(m))
	most := len(weights) - 1
	rows := func(f func(y int, sums []float64)) {
		eachRow(h, w*len(weights), func(lo, hi int) {
			sums := make([]float64, w)
			for y := lo; y < hi; y++ {
				f(y, sums)
			}
		})
	}
	rows(func(y int, sums []float64) {
		padded := make([]float32, w+2*most)
		for i := range padded {
			padded[i] = m[y*w+beyond(i-most, w)]
		}
		weigh(half[y*w:][:w], sums, weights, func(k int) []float32 { return padded[most+k:][:w] })
	})
	rows(func(y int, sums []float64) {
		weigh(out[y*w:][:w], sums, weights, func(k int) []float32 { return half[beyond(y+k, h)*w:][:w] })
	})
	return out
}

// weigh sets out to the sum of a line and those that lie around it, of line k at either side by weights[k].
func weigh(out []float32, sums, weights []float64, line func(k int) []float32) {
	for i, v := range line(0) {
		sums[i] = weights[0] * float64(v)
	}
	for k := 1; k < len(weights); k++ {
		weight, before, after := weights[k], line(-k), line(k)
		after = after[:len(before)]
		sums := sums[:len(before)]
		for i, v := range before {
			sums[i] += weight * float64(v+after[i])
		}
	}
	for i, sum := range sums {
		out[i] = float32(sum)
	}
}

// maxSigma bounds the work, also of a disc.
const maxSigma = 1000

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
