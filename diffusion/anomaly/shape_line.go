package anomaly

import (
	"cmp"
	"math"
	"math/cmplx"
)

// LineShapes are what lines are like. Lengths are pixels of a picture whose shorter side has 256.
type LineShapes struct {
	Length Range  // default 60 to 200
	Angle  Range  // degrees, default 0 to 180
	Points [2]int // from the first to below the second: points along the line, default 20 to below 40

	Wavy float64 // probability of a wavy line, default 0.5
	Wave float64 // deviation of its points across, before they are smoothed, default 14

	Thin, Thick float64 // thickness at the ends and in the middle, default 1 and 7
	Unsteady    float64 // up to this share of their difference more or less, default 0.1
}

func (l LineShapes) check() error {
	return cmp.Or(
		l.Length.need("lines' length", 0, largestShape),
		l.Angle.check("lines' angle", -360, 360),
		counts("lines' points", l.Points, 2, mostPoints),
		within("the probability of wavy lines", l.Wavy, 0, 1),
		within("the wave of lines", l.Wave, 0, largestShape),
		within("the thickness of lines at their ends", l.Thin, 0, largestShape),
		within("the thickness of lines in their middle", l.Thick, l.Thin, largestShape),
		within("the unsteadiness of lines", l.Unsteady, 0, 1),
	)
}

// draw draws middle, angle, length, number of points, whether it is wavy, how, and how thick it is.
func (l LineShapes) draw(d Draws, f frame) figure {
	middle := f.point(d)
	turn := cmplx.Rect(f.scale, -l.Angle.draw(d)*math.Pi/180) // y goes down
	length := l.Length.draw(d)
	points := make([]complex128, d.Whole(l.Points[0], l.Points[1]))
	offsets := l.wave(d, len(points))
	for i := range points {
		x := length * (float64(i)/float64(len(points)-1) - 0.5)
		points[i] = complex(x, offsets[i])*turn + middle
	}
	thickness := l.thickness(d, len(points))
	for i := range thickness {
		thickness[i] *= f.scale
	}
	return stroke(points, thickness)
}

// wave draws how far each of n points lies across the line.
func (l LineShapes) wave(d Draws, n int) []float64 {
	offsets := make([]float64, n)
	if !coin(d, l.Wavy) {
		return offsets
	}
	for i := range offsets {
		offsets[i] = d.Normal(0, l.Wave)
	}
	smooth, weights := make([]float64, n), gaussian(5, 2)
	for i := range smooth {
		for j, w := range weights {
			smooth[i] += w * offsets[mirrored(i+j-len(weights)/2, n)]
		}
	}
	return smooth
}

// thickness draws how thick the line is at each of n points: it rises to the middle and falls again.
func (l LineShapes) thickness(d Draws, n int) []float64 {
	all, unsteady := make([]float64, n), l.Unsteady*(l.Thick-l.Thin)
	for i := range all {
		part, of := i, n/2
		if i >= n/2 {
			part, of = n-1-i, n-n/2
		}
		rise := 1.0 // a half of one point has only its thick end
		if of > 1 {
			rise = float64(part) / float64(of-1)
		}
		t := l.Thin + rise*(l.Thick-l.Thin)
		if unsteady > 0 {
			t += d.Uniform(-unsteady, unsteady)
		}
		all[i] = min(l.Thick, max(l.Thin, t))
	}
	return all
}

// stroke is a line through points, each of whose pieces is as thick as its first point says, and at least
// a pixel, so that it does not fall apart.
func stroke(points []complex128, thickness []float64) figure {
	f := figure{inside: func(z complex128, pixel float64) bool {
		for i, a := range points[:len(points)-1] {
			half := max(thickness[i], pixel) / 2
			if square(z, a, points[i+1]) <= half*half {
				return true
			}
		}
		return false
	}}
	const around = 8
	for i := range points[:len(points)-1] {
		for j := range around {
			edge := cmplx.Rect(thickness[i]/2, 2*math.Pi*float64(j)/around)
			f.outline = append(f.outline, points[i]+edge, points[i+1]+edge)
		}
	}
	return f
}

// square is that of a point's distance from the piece between two others.
func square(z, a, b complex128) float64 {
	alongX, alongY, x, y := real(b)-real(a), imag(b)-imag(a), real(z)-real(a), imag(z)-imag(a)
	if length := alongX*alongX + alongY*alongY; length > 0 {
		t := min(1, max(0, (alongX*x+alongY*y)/length))
		x, y = x-t*alongX, y-t*alongY
	}
	return x*x + y*y
}
