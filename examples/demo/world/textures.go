package world

import (
	"math"
	"math/rand/v2"
)

// material is the subject of a texture: lay draws its parameters and returns what
// it is made of at each place, and the word for its colour. Where two materials
// meet, it softens the edge over a cell, which is pixel wide.
func material(name string, lay func(r *rand.Rand, pixel float32) (at func(x, y float32) matter, colour string)) Subject {
	return Subject{Name: name, draw: func(s *Surface, r *rand.Rand) string {
		at, colour := lay(r, s.Pixel())
		s.Each(func(i int, x, y float32) {
			m := at(x, y)
			s.Albedo[i], s.Height[i], s.Gloss[i], s.Cover[i] = m.albedo.clamp(), m.height, clamp01(m.gloss), 1
		})
		return colour
	}}
}

// matter is what a material is at one place.
type matter struct {
	albedo        RGB
	height, gloss float32
}

// mix goes from m at t = 0 to o at t = 1.
func (m matter) mix(o matter, t float32) matter {
	return matter{m.albedo.Mix(o.albedo, t), lerp(m.height, o.height, clamp01(t)), lerp(m.gloss, o.gloss, clamp01(t))}
}

func (c RGB) clamp() RGB { return RGB{clamp01(c.R), clamp01(c.G), clamp01(c.B)} }

// frame is how a material lies under the camera: turned about the middle of the
// picture, and moved so that its pattern starts anywhere.
type frame struct{ cos, sin, u, v float32 }

// newFrame draws a frame that is turned by angle, give or take slack radians.
func newFrame(r *rand.Rand, angle, slack float32) frame {
	sin, cos := math.Sincos(float64(angle + between(r, -slack, slack)))
	return frame{float32(cos), float32(sin), between(r, 0, 20), between(r, 0, 20)}
}

// at is the place in the material under a place in the picture.
func (f frame) at(x, y float32) (u, v float32) {
	x, y = x-0.5, y-0.5
	return f.cos*x + f.sin*y + f.u, f.cos*y - f.sin*x + f.v
}

// quarter draws no turn or a quarter turn, in radians.
func quarter(r *rand.Rand) float32 { return float32(r.IntN(2)) * math.Pi / 2 }

// dye is a colour that a material comes in.
type dye struct {
	word string
	hex  uint32
}

// pick draws one of the dyes and a colour close to it.
func pick(r *rand.Rand, dyes []dye) (RGB, string) {
	d := dyes[r.IntN(len(dyes))]
	c := Hex(d.hex)
	light, warm := between(r, 0.88, 1.12), between(r, -0.06, 0.06)
	return RGB{c.R * light * (1 + warm), c.G * light, c.B * light * (1 - warm)}, d.word
}

// pickTint is pick for a list of plain colours.
func pickTint(r *rand.Rand, hex ...uint32) RGB {
	c, _ := pick(r, []dye{{hex: hex[r.IntN(len(hex))]}})
	return c
}

// inset is how far a place lies inside a rectangle about the origin with rounded
// corners, negative outside: halfW and halfH are half its sides.
func inset(u, v, halfW, halfH, radius float32) float32 {
	du, dv := abs(u)-halfW+radius, abs(v)-halfH+radius
	if du > 0 && dv > 0 {
		return radius - sqrt(du*du+dv*dv)
	}
	return radius - max(du, dv)
}

// split is the whole number at or below v and what lies above it.
func split(v float32) (whole int, rest float32) {
	f := floor(v)
	return int(f), v - f
}

func abs(v float32) float32 { return max(v, -v) }
