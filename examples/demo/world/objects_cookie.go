package world

import (
	"math"
	"math/rand/v2"
)

// cookie is a round biscuit of golden, bumpy dough with chocolate chips.
func cookie() Subject { return Subject{Name: "cookie", Object: true, draw: drawCookie} }

func drawCookie(s *Surface, r *rand.Rand) string {
	dough := vary(r, Hex(0xd9a866).Mix(Hex(0xb67a3c), r.Float32()), 0.1)
	baked := dough.Mix(Hex(0x7a431a), between(r, 0.5, 0.8))
	chocolate := vary(r, Hex(0x3a1f12), 0.25)
	background(s, r, dough)
	p := place(r, 0.66, 0.88)
	chips := scatterChips(r)
	shape, bumps := NewNoise(r), NewNoise(r)
	s.lay(p, func(u, v float32) finish {
		radius := sqrt(u*u + v*v)
		away := 1 / max(radius, 1e-4)
		outline := 0.96 + 0.045*shape.At(1.3*u*away, 1.3*v*away)
		t := clamp01(radius / outline)
		bump := bumps.Fractal(4.5*u, 4.5*v, 3)
		height := 0.3*sqrt(1.02-t*t*t*t) + 0.03*bump
		brown := 0.75*smoothstep(0.55, 1, t) + 0.35*smoothstep(0.2, -0.6, bump)
		colour := dough.Mix(baked, brown).Scale(1 + 0.1*bump)
		chip, rise := chips.at(u+0.05*bump, v-0.05*bump)
		return finish{
			inside: outline - radius,
			height: height + rise,
			albedo: colour.Mix(chocolate, chip),
			gloss:  lerp(0.08, 0.42, chip),
		}
	})
	return ""
}

// cocoaChip is a piece of chocolate, an ellipse in the cookie's coordinates.
type cocoaChip struct{ u, v, cos, sin, long, wide float32 }

type cocoaChips []cocoaChip

// scatterChips draws pieces that do not lie on each other.
func scatterChips(r *rand.Rand) cocoaChips {
	wanted := 7 + r.IntN(8)
	var out cocoaChips
	for range 200 {
		if len(out) == wanted {
			break
		}
		radius, angle := 0.82*sqrt(r.Float32()), between(r, 0, 2*math.Pi)
		long := between(r, 0.09, 0.19)
		c := cocoaChip{u: radius * cos32(angle), v: radius * sin32(angle), long: long, wide: long * between(r, 0.65, 1)}
		turn := between(r, 0, math.Pi)
		c.cos, c.sin = cos32(turn), sin32(turn)
		if out.clear(c) {
			out = append(out, c)
		}
	}
	return out
}

func (cs cocoaChips) clear(c cocoaChip) bool {
	for _, o := range cs {
		du, dv := c.u-o.u, c.v-o.v
		if sqrt(du*du+dv*dv) < 1.1*(c.long+o.long) {
			return false
		}
	}
	return true
}

// at is how much chocolate shows at a place, and how far it rises.
func (cs cocoaChips) at(u, v float32) (cover, rise float32) {
	for _, c := range cs {
		du, dv := u-c.u, v-c.v
		a, b := (du*c.cos+dv*c.sin)/c.long, (dv*c.cos-du*c.sin)/c.wide
		if q := a*a + b*b; q < 1.2 {
			return smoothstep(1.15, 0.85, q), 0.4 * c.long * sqrt(max(1.2-q, 0))
		}
	}
	return 0, 0
}
