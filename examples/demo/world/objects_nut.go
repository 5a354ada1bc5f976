package world

import (
	"math"
	"math/rand/v2"
)

// metalNut is a hexagonal nut from above: chamfered corners, a turned face, and
// a threaded hole through which the background shows.
func metalNut() Subject { return Subject{Name: "metal nut", Object: true, draw: drawMetalNut} }

var nutMetals = []paint{{"silver", Hex(0xb4b8bb)}, {"silver", Hex(0x9a9fa4)}, {"brass", Hex(0xc9a04e)}, {"black", Hex(0x45474b)}}

func drawMetalNut(s *Surface, r *rand.Rand) string {
	chosen := nutMetals[r.IntN(len(nutMetals))]
	metal := vary(r, chosen.RGB, 0.12)
	background(s, r, metal)
	p := place(r, 0.66, 0.9)
	hole := between(r, 0.38, 0.46)
	sink := hole + between(r, 0.12, 0.16) // where the face falls off towards the hole
	chamfer := between(r, 0.78, 0.83)
	glare := between(r, 0, math.Pi)
	brush, turns := NewNoise(r), NewNoise(r)
	s.lay(p, func(u, v float32) finish {
		radius, angle := polar(u, v)
		side := radius * cos32(fold(angle, 6))
		outline := 0.866 - side
		inside := min(outline, radius-hole)
		// A turned face reflects the light in two opposite fans.
		fan := cos32(2 * (angle - glare))
		face := 0.88 + 0.14*fan + 0.34*max(fan, 0)*fan*fan + 0.07*brush.At(3*u, 3*v) + 0.06*turns.At(26*radius, 0.7*angle)
		thread := smoothstep(sink-0.05, sink-0.07, radius)
		ridge := sin32(2*math.Pi*radius/0.045 + angle)
		height := float32(0.3) -
			0.6*max(radius-chamfer, 0) -
			0.05*smoothstep(0.045, 0, outline) -
			0.9*max(min(sink-radius, 0.06), 0) -
			1.6*max(sink-0.06-radius, 0) + 0.008*thread*ridge
		return finish{
			inside: inside,
			height: max(height, 0.02),
			albedo: metal.Scale(face * lerp(1, 0.4+0.15*ridge, thread)),
			gloss:  lerp(0.62, 0.4, thread),
		}
	})
	return chosen.name
}
