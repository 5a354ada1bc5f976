package kernels

import (
	"fmt"
	"math"
)

// BicubicTaps resizes in positions to out as torch.nn.functional.interpolate(mode="bicubic", align_corners=False)
// does: Keys's cubic convolution (1981) at half-pixel centres. Without antialias it takes four positions with
// A = -0.75 and repeats the edge; with antialias the cubic has A = -0.5, is widened by the factor of reduction, and is
// cut off and normalised at the edges (as in Pillow).
func BicubicTaps(in, out int, antialias bool) Taps {
	if antialias {
		return antialiasedTaps("BicubicTaps", in, out, 4, func(d float64) float64 { return cubic(d, -0.5) })
	}
	return bicubicTaps("BicubicTaps", in, out, scale(in, out))
}

// BicubicScaleTaps is BicubicTaps without antialias where torch's interpolate is told a factor of enlargement and not a
// size: positions are that much farther apart, though out may not be in times the factor.
func BicubicScaleTaps(in, out int, factor float64) Taps {
	if !(factor > 0) {
		panic(fmt.Sprintf("kernels: BicubicScaleTaps: factor %v, want more than 0", factor))
	}
	return bicubicTaps("BicubicScaleTaps", in, out, float32(1/factor))
}

// bicubicTaps are those for positions whose distance is step.
func bicubicTaps(op string, in, out int, step float32) Taps {
	return edgeTaps(op, in, out, func(i int, add func(p int, w float64)) {
		x := float64(float32(step*(float32(i)+0.5)) - 0.5)
		first := int(math.Floor(x)) - 1
		for p := first; p < first+4; p++ {
			add(p, cubic(float64(p)-x, -0.75))
		}
	})
}

// BilinearTaps resizes in positions to out as torch.nn.functional.interpolate(mode="bilinear", align_corners=False)
// does: between the two nearest positions at half-pixel centres, without antialiasing.
func BilinearTaps(in, out int) Taps {
	return edgeTaps("BilinearTaps", in, out, func(i int, add func(p int, w float64)) {
		x := float64(max(0, float32(scale(in, out)*(float32(i)+0.5))-0.5))
		first := int(x)
		add(first, 1-(x-float64(first)))
		add(first+1, x-float64(first))
	})
}

// BilinearAntialiasTaps resizes in positions to out as torch's interpolate does in mode bilinear with antialias=True: a
// triangle that is widened by the factor of reduction, and cut off and normalised at the edges.
func BilinearAntialiasTaps(in, out int) Taps {
	return antialiasedTaps("BilinearAntialiasTaps", in, out, 2, func(d float64) float64 { return max(0, 1-math.Abs(d)) })
}

// GaussianTaps smooths n positions with a window of the given odd size whose weight at distance d is weight(d),
// normalised to sum 1. Past the ends the positions are mirrored without repeating the last one (torch's pad mode
// "reflect"), again and again where the window is longer than torch would allow.
func GaussianTaps(n, size int, weight func(d float64) float64) Taps {
	if size < 1 || size%2 == 0 {
		panic(fmt.Sprintf("kernels: GaussianTaps: size %d, want an odd number", size))
	}
	sum, half := 0.0, size/2
	for d := -half; d <= half; d++ {
		sum += weight(float64(d))
	}
	rows := make([]map[int]float64, n)
	for i := range rows {
		rows[i] = map[int]float64{}
		for d := -half; d <= half; d++ {
			rows[i][mirror(i+d, n)] += weight(float64(d)) / sum
		}
	}
	return newTaps(n, rows)
}

// mirror reflects position p into [0, n) about the centres of the first and the last position.
func mirror(p, n int) int {
	if n == 1 {
		return 0
	}
	period := 2 * (n - 1)
	p = ((p % period) + period) % period
	return min(p, period-p)
}

// edgeTaps collects the weights that of adds for output i; those outside [0, in) go to the nearest edge.
func edgeTaps(op string, in, out int, of func(i int, add func(p int, w float64))) Taps {
	wantPositions(op, in, out)
	rows := make([]map[int]float64, out)
	for i := range rows {
		rows[i] = map[int]float64{}
		of(i, func(p int, w float64) { rows[i][min(max(p, 0), in-1)] += w })
	}
	return newTaps(in, rows)
}

// antialiasedTaps follows ATen's upsample kernels: a filter of the given support in input pixels, widened by in/out
// when that is above one, sampled at the pixels whose centres it covers and normalised over them.
func antialiasedTaps(op string, in, out int, support float64, filter func(d float64) float64) Taps {
	wantPositions(op, in, out)
	wide := float64(max(scale(in, out), 1))
	half := support / 2 * wide
	rows := make([]map[int]float64, out)
	for i := range rows {
		center := float64(scale(in, out) * (float32(i) + 0.5))
		first, end := max(0, int(center-half+0.5)), min(in, int(center+half+0.5))
		sum := 0.0
		for p := first; p < end; p++ {
			sum += filter((float64(p) - center + 0.5) / wide)
		}
		rows[i] = map[int]float64{}
		for p := first; p < end; p++ {
			rows[i][p] = filter((float64(p)-center+0.5)/wide) / sum
		}
	}
	return newTaps(in, rows)
}

func wantPositions(op string, in, out int) {
	if in < 1 || out < 1 {
		panic(fmt.Sprintf("kernels: %s: from %d positions to %d, want at least one", op, in, out))
	}
}

// scale is the distance of outputs in input positions. It and the coordinates made of it are float32 as in torch: at
// position 500 they are off by 3e-5, and a picture resized with better ones differs visibly in the fifth digit.
func scale(in, out int) float32 { return float32(in) / float32(out) }

// cubic is Keys's piecewise cubic kernel with slope a at distance one.
func cubic(d, a float64) float64 {
	switch d = math.Abs(d); {
	case d < 1:
		return ((a+2)*d-(a+3))*d*d + 1
	case d < 2:
		return (((d-5)*d+8)*d - 4) * a
	}
	return 0
}
