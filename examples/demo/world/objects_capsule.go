package world

import "math/rand/v2"

// capsule is a hard pharmaceutical capsule: a coloured cap slid over a body of
// another colour.
func capsule() Subject { return Subject{Name: "capsule", Object: true, draw: drawCapsule} }

var (
	capsulePaints = []paint{
		{"red", Hex(0xc81e24)}, {"blue", Hex(0x1f5fbf)}, {"green", Hex(0x2f8f4a)},
		{"orange", Hex(0xe8731a)}, {"yellow", Hex(0xf0c022)}, {"purple", Hex(0x6f3a97)},
	}
	capsuleBodies = []RGB{Hex(0xdcdad4), Hex(0xdcdad4), Hex(0xdccfae), Hex(0xaab0b5)}
)

func drawCapsule(s *Surface, r *rand.Rand) string {
	chosen := capsulePaints[r.IntN(len(capsulePaints))]
	upper := vary(r, chosen.RGB, 0.1)
	lower := vary(r, capsuleBodies[r.IntN(len(capsuleBodies))], 0.06)
	background(s, r, upper.Mix(lower, 0.5))
	p := place(r, 0.78, 0.95)
	wide := between(r, 0.39, 0.45)
	seam := between(r, -0.12, 0.16)
	soft := 1.5 * s.Pixel() / p.half
	ring := seam - between(r, 0.1, 0.16) // the groove that locks the two halves
	bright := NewNoise(r)
	s.lay(p, func(u, v float32) finish {
		body := smoothstep(seam-soft, seam+soft, v)
		width := lerp(wide, 0.955*wide, body)
		// The distance from the axis, which ends where the round ends begin.
		reach := 1 - width
		end := max(abs32(v)-reach, 0)
		square := width*width - u*u - end*end
		z := sqrt(max(square, 0))
		groove := smoothstep(2*soft, 0, abs32(v-ring))
		under := smoothstep(0.05, 0, v-seam) * body // shade beneath the cap's edge
		colour := upper.Mix(lower, body).Scale((1 + 0.05*bright.At(1.5*u, 1.5*v)) * (1 - 0.25*under - 0.12*groove))
		return finish{
			inside: width - sqrt(u*u+end*end),
			height: 0.75*z - 0.012*groove,
			albedo: colour,
			gloss:  0.85,
		}
	})
	return chosen.name
}
