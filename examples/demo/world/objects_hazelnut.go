package world

import "math/rand/v2"

// hazelnut is a shell like a rounded drop: streaks run from the tip to a pale,
// rough base.
func hazelnut() Subject { return Subject{Name: "hazelnut", Object: true, draw: drawHazelnut} }

func drawHazelnut(s *Surface, r *rand.Rand) string {
	shell := vary(r, Hex(0x84502a).Mix(Hex(0xbb8048), r.Float32()), 0.18)
	dark := shell.Mix(Hex(0x3f2110), between(r, 0.5, 0.75))
	pale := vary(r, Hex(0xcfae80), 0.12)
	background(s, r, shell)

	p := place(r, 0.62, 0.86)
	width := between(r, 0.8, 0.94)
	taper := between(r, 0.05, 0.2)
	nip := between(r, 0.35, 0.8)   // how much the very tip is drawn out
	tilt := between(r, -0.1, 0.75) // by which the base is turned towards the camera
	base := between(r, 0.74, 0.84) // where the base begins, along the axis
	st, ct := sin32(tilt), cos32(tilt)
	streaks, fibres, rough := NewNoise(r), NewNoise(r), NewNoise(r)

	// The shell is a body of revolution about v, its tip at -1; squared is the
	// square of its radius there, which shrinks towards the tip.
	const tip = -0.6
	squared := func(v float32) float32 {
		w := width * (1 + taper*v)
		if v < tip {
			t := min((tip-v)/(tip+1), 1)
			w *= 1 - nip*t*t
		}
		return w * w * (1 - v*v)
	}
	s.lay(p, func(u, v float32) finish {
		f := squared(v) - u*u
		dv := (squared(v+0.01) - squared(v-0.01)) / 0.02
		z := sqrt(max(f, 0))
		// The place on the shell, turned upright: a along the axis, (b, c) around it.
		a, b, c := v*ct+z*st, u, z*ct-v*st
		around := 1 / max(sqrt(b*b+c*c), 1e-4)
		b, c = b*around, c*around
		broad := streaks.At(3.5*b+0.6*a, 3.5*c+7)
		thin := fibres.At(11*b+0.8*a, 11*c-3)
		colour := shell.Mix(dark, smoothstep(-0.3, 1, 0.7*broad+0.6*thin))
		colour = colour.Mix(pale, 0.45*smoothstep(0.15, 0.9, -broad)+0.35*smoothstep(-0.75, -1, a))
		scar, grain := float32(0), float32(0)
		if a > base-0.1 {
			scar = smoothstep(base-0.035, base+0.035, a+0.05*rough.At(5*b, 5*c))
			grain = rough.Fractal(7*u, 7*v, 2)
		}
		colour = colour.Mix(pale.Scale(1+0.35*grain), scar)
		rim := smoothstep(base-0.09, base-0.01, a) * (1 - scar)
		return finish{
			inside: f / max(sqrt(4*u*u+dv*dv), 1e-3),
			height: 0.62*z - 0.025*scar + 0.015*grain*scar + 0.004*thin*(1-scar),
			albedo: colour.Scale(1 - 0.4*rim),
			gloss:  lerp(0.42, 0.05, scar),
		}
	})
	return ""
}
