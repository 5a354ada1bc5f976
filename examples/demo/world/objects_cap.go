package world

import (
	"math"
	"math/rand/v2"
)

// bottleCap is a crown cork from above: a painted disc with a print, and a rim
// pressed into 21 flutes.
func bottleCap() Subject { return Subject{Name: "bottle cap", Object: true, draw: drawBottleCap} }

const flutes = 21

var capPaints = []paint{
	{"red", Hex(0xc4161c)}, {"blue", Hex(0x1b4fae)}, {"green", Hex(0x1c7a3e)},
	{"yellow", Hex(0xf2bd18)}, {"white", Hex(0xdcdcd8)}, {"black", Hex(0x1c1c1f)},
}

func drawBottleCap(s *Surface, r *rand.Rand) string {
	chosen := capPaints[r.IntN(len(capPaints))]
	body := vary(r, chosen.RGB, 0.12)
	background(s, r, body)
	metal := vary(r, Hex(0xc9c9c6), 0.1)
	bare := between(r, 0, 0.55) // how much of the metal shows on the rim
	if r.IntN(3) == 0 {
		bare = 1
	}
	printed := drawCapPrint(r, chosen.name)
	p := place(r, 0.62, 0.88)
	soft := 1.5 * s.Pixel() / p.half
	sheen := NewNoise(r)
	s.lay(p, func(u, v float32) finish {
		radius, angle := polar(u, v)
		flute := cos32(flutes * angle)
		skirt := smoothstep(0.7, 0.86, radius)
		height := 0.24 + 0.025*(1-radius*radius) - 0.19*smoothstep(0.68, 1.02, radius) + 0.035*flute*skirt
		colour := body.Mix(printed.ink, printed.at(radius, angle, soft))
		colour = colour.Mix(metal, bare*smoothstep(0.72, 0.8, radius)).
			Mix(metal, 0.75*skirt*smoothstep(0.4, 1, flute)*smoothstep(0.8, 0.95, radius))
		colour = colour.Scale((1 + 0.06*sheen.At(2*u, 2*v)) * (1 - 0.45*skirt*smoothstep(0.3, -1, flute)))
		return finish{
			inside: 0.955 + 0.045*flute - radius,
			height: height,
			albedo: colour,
			gloss:  lerp(0.6, 0.75, skirt),
		}
	})
	return chosen.name
}

// capPrint is what is printed on a cap: a ring, a star, or both, or a dot.
type capPrint struct {
	ink          RGB
	inner, outer float32 // of the ring; none where they are equal
	star         float32 // length of the star's points; 0 for none
	points       int
	waist        float32 // radius of the star's inner corners, of star
}

func drawCapPrint(r *rand.Rand, body string) capPrint {
	inks := []RGB{Hex(0xf1efe6), Hex(0xe8c547)}
	switch body {
	case "white":
		inks = []RGB{Hex(0xb3202a), Hex(0x1d3f7c), Hex(0x20242a)}
	case "yellow":
		inks = []RGB{Hex(0x7c1a16), Hex(0x1f2328), Hex(0xf6f4ee)}
	}
	c := capPrint{ink: vary(r, inks[r.IntN(len(inks))], 0.08), points: 5, waist: 0.4}
	kind := r.IntN(4)
	if kind != 1 {
		c.outer = between(r, 0.52, 0.64)
		c.inner = c.outer - between(r, 0.05, 0.12)
	}
	if kind >= 1 {
		c.star = between(r, 0.3, 0.4)
	}
	if kind == 1 {
		c.star = between(r, 0.45, 0.6)
	}
	if kind == 3 {
		c.points, c.waist = 8, 0.6
	}
	return c
}

// at is how much ink lies at a place.
func (c capPrint) at(radius, angle, soft float32) float32 {
	ink := float32(0)
	if c.outer > c.inner {
		ink = smoothstep(-soft, soft, min(c.outer-radius, radius-c.inner))
	}
	if c.star > 0 && radius < c.star+soft {
		// Within half a point: the distance to the line from its tip to its inner corner.
		a := abs32(fold(angle, c.points))
		half := math.Pi / float32(c.points)
		x, y := radius*cos32(a), radius*sin32(a)
		ex, ey := c.star*(c.waist*cos32(half)-1), c.star*c.waist*sin32(half)
		d := ((x-c.star)*ey - y*ex) / sqrt(ex*ex+ey*ey)
		ink = max(ink, smoothstep(soft, -soft, d))
	}
	return ink
}
