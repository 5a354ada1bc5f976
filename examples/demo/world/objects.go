package world

import (
	"math"
	"math/rand/v2"
)

// pose is where a part lies: its own coordinates (u, v) have their origin in its
// middle, and reach from -1 to 1 over it.
type pose struct {
	x, y     float32 // the middle, in the picture
	half     float32 // half of the part's longest side, in sides of the picture
	cos, sin float32 // of its turn
}

// place draws a pose: any turn, a size of lo to hi of the picture's side, and
// a place near the middle with the whole part in view.
func place(r *rand.Rand, lo, hi float32) pose {
	half := between(r, lo, hi) / 2
	room := 0.7 * (0.5 - half)
	sin, cos := math.Sincos(2 * math.Pi * r.Float64())
	return pose{
		x: 0.5 + between(r, -room, room), y: 0.5 + between(r, -room, room),
		half: half, cos: float32(cos), sin: float32(sin),
	}
}

// local is a place of the picture in the part's own coordinates.
func (p pose) local(x, y float32) (u, v float32) {
	x, y = (x-p.x)/p.half, (y-p.y)/p.half
	return x*p.cos + y*p.sin, y*p.cos - x*p.sin
}

// finish is what a part is made of at one place. Its lengths are in the part's
// own coordinates.
type finish struct {
	inside float32 // distance to the outline, negative outside
	height float32
	albedo RGB
	gloss  float32
}

// lay puts a part on the flat background; its edge is softened over two cells.
func (s *Surface) lay(p pose, part func(u, v float32) finish) {
	soft := s.Pixel() / p.half
	s.Each(func(i int, x, y float32) {
		u, v := p.local(x, y)
		if u*u+v*v > 1.3 {
			return
		}
		f := part(u, v)
		c := smoothstep(-soft, soft, f.inside)
		if c == 0 {
			return
		}
		s.Cover[i] = c
		s.Albedo[i] = s.Albedo[i].Mix(f.albedo, c)
		s.Height[i] = c * max(f.height, 0) * p.half
		s.Gloss[i] = lerp(s.Gloss[i], f.gloss, c)
	})
}

// What parts lie on: belts, sheets and tables in muted tones.
var backgroundTones = []RGB{
	Hex(0x2e3134), Hex(0x474c51), Hex(0x6a7075), Hex(0x8f9598), Hex(0xb9bdbd), Hex(0xd9d8d3),
	Hex(0x3d4a5a), Hex(0x5f7488), Hex(0x93a6b4), Hex(0x3f5148), Hex(0x6d8577), Hex(0xa3b3a4),
	Hex(0x6b6472), Hex(0xcfc4b0), Hex(0x4a4640),
}

// background covers the surface with what a part of the given colour lies on:
// a tone that sets the part off, slightly uneven, plain or ribbed like a belt.
func background(s *Surface, r *rand.Rand, part RGB) {
	tone := backgroundTones[r.IntN(len(backgroundTones))]
	for distinct(tone, part) < 0.16 {
		tone = backgroundTones[r.IntN(len(backgroundTones))]
	}
	fine := NewNoise(r)
	slope := place(r, 1, 1)
	stretch := float32(1)
	if r.IntN(2) == 0 {
		stretch = 0.12 // fine noise drawn out into the ribs of a belt
	}
	gain, texture := between(r, 0.03, 0.12), between(r, 0.02, 0.06)
	s.Each(func(i int, x, y float32) {
		u, v := slope.local(x, y)
		shade := 1 + gain*u + 0.5*gain*v*v + texture*fine.At(36*u, 36*stretch*v)
		s.Albedo[i] = tone.Scale(shade)
		s.Gloss[i] = 0.1
	})
}

// distinct tells how well one colour stands out from another: the distance
// between them as displays show them.
func distinct(a, b RGB) float32 {
	dr, dg, db := srgb(a.R)-srgb(b.R), srgb(a.G)-srgb(b.G), srgb(a.B)-srgb(b.B)
	return sqrt((dr*dr + dg*dg + db*db) / 3)
}

// paint is a colour with its name.
type paint struct {
	name string
	RGB
}

// vary shifts a colour a little, as no two lots of paint are the same.
func vary(r *rand.Rand, c RGB, by float32) RGB {
	f := between(r, 1-by, 1+by)
	return RGB{
		clamp01(c.R * f * between(r, 1-by/3, 1+by/3)),
		clamp01(c.G * f * between(r, 1-by/3, 1+by/3)),
		clamp01(c.B * f * between(r, 1-by/3, 1+by/3)),
	}
}

// polar gives (u, v) as a distance from the middle and an angle.
func polar(u, v float32) (radius, angle float32) {
	return sqrt(u*u + v*v), float32(math.Atan2(float64(v), float64(u)))
}

// fold brings an angle into one of n equal sectors: the angle from the
// sector's middle.
func fold(angle float32, n int) float32 {
	sector := 2 * math.Pi / float32(n)
	return angle - sector*floor(angle/sector+0.5)
}

func sin32(v float32) float32 { return float32(math.Sin(float64(v))) }
func cos32(v float32) float32 { return float32(math.Cos(float64(v))) }
func abs32(v float32) float32 { return max(v, -v) }
