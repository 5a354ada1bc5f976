package anomaly

import (
	"cmp"
	"math"
	"math/cmplx"
	"slices"
)

// DotShapes are what dots are like. Lengths are pixels of a picture whose shorter side has 256.
type DotShapes struct {
	Radius  Range   // default 5 to 35
	Corners [2]int  // from the first to below the second, default 12 to below 30
	Stretch Range   // of the width, default 0.6 to 1.4
	Rough   Range   // how far corners lie off the radius, as a share of it, default 0.05 to 0.35
	Even    float64 // probability that they do so evenly, and not normally, default 0.34
	Smooth  float64 // probability that the outline is blurred over 3, 5 or 7 pixels, default 0.5
}

func (s DotShapes) check() error {
	return cmp.Or(
		s.Radius.need("dots' radius", 0, 256),
		counts("dots' corners", s.Corners, 3, mostPoints),
		s.Stretch.need("dots' stretch", 0.25, 4),
		s.Rough.check("dots' roughness", 0, 1),
		within("the probability of even dots", s.Even, 0, 1),
		within("the probability of smooth dots", s.Smooth, 0, 1),
	)
}

// draw draws middle, radius, number of corners, their angles, stretch, roughness, of which distribution
// it is, the corners' radii, whether the dot is smooth, and how.
func (s DotShapes) draw(d Draws, f frame) figure {
	middle, radius := f.point(d), s.Radius.draw(d)
	angles := make([]float64, d.Whole(s.Corners[0], s.Corners[1]))
	for i := range angles {
		angles[i] = d.Uniform(0, 2*math.Pi)
	}
	slices.Sort(angles)
	stretch := s.Stretch.draw(d)
	rough := s.Rough.draw(d) * radius
	even := coin(d, s.Even)
	corners := make([]complex128, len(angles))
	for i, angle := range angles {
		r := radius
		if even {
			r += d.Uniform(-rough, rough)
		} else {
			r += d.Normal(0, rough)
		}
		z := cmplx.Rect(r, angle)
		corners[i] = complex(real(z)*stretch, imag(z))
	}
	dot := polygon(corners)
	if coin(d, s.Smooth) {
		half := 1 + d.Whole(0, 3)
		dot = fieldOf(dot, half).blurred(2*half+1, 0.5+0.3*float64(half)).figure()
	}
	return dot.times(complex(f.scale, 0)).mapped(
		func(z complex128) complex128 { return z + middle }, func(z complex128) complex128 { return z - middle }, 1)
}

// polygon is what its corners surround an odd number of times.
func polygon(corners []complex128) figure {
	return figure{corners, func(z complex128, _ float64) bool {
		in := false
		for i, a := range corners {
			b := corners[(i+1)%len(corners)]
			if (imag(a) > imag(z)) != (imag(b) > imag(z)) &&
				real(z) < real(a)+(imag(z)-imag(a))/(imag(b)-imag(a))*(real(b)-real(a)) {
				in = !in
			}
		}
		return in
	}}
}

// EllipseShapes are what ellipses are like. Lengths are pixels of a picture whose shorter side has 256.
type EllipseShapes struct {
	Length Range // of the longer axis, default 10 to 70
	Aspect Range // of the axes, the shorter by the longer: default 0.3 to 1
	Angle  Range // of the longer axis, degrees, default 0 to 180
}

func (e EllipseShapes) check() error {
	return cmp.Or(
		e.Length.need("ellipses' length", 0, largestShape),
		e.Aspect.need("ellipses' aspect", leastAspect, 1),
		e.Angle.check("ellipses' angle", -360, 360),
	)
}

// draw draws middle, length, aspect and angle.
func (e EllipseShapes) draw(d Draws, f frame) figure {
	middle, length := f.point(d), e.Length.draw(d)
	aspect := min(1, max(leastAspect, e.Aspect.draw(d)))
	turn := cmplx.Rect(f.scale*max(length, 0)/2, -e.Angle.draw(d)*math.Pi/180)
	const around = 64
	circle := figure{inside: func(z complex128, _ float64) bool { return cmplx.Abs(z) <= 1 }}
	for i := range around {
		circle.outline = append(circle.outline, cmplx.Rect(1, 2*math.Pi*float64(i)/around))
	}
	return circle.across(aspect).times(turn).mapped(
		func(z complex128) complex128 { return z + middle }, func(z complex128) complex128 { return z - middle }, 1)
}
