package world

import (
	"math"
	"math/rand/v2"
	"slices"
)

// missingChunk is a piece broken off: from an object at its edge, so that the
// background shows, or out of a material, down to its rough inside.
func missingChunk() Defect {
	return Defect{
		Name: "missing chunk",
		Detail: []string{
			"large missing chunk", "jagged missing chunk", "missing chunk with broken edges", "rough broken missing chunk",
		},
		apply: func(s *Surface, r *rand.Rand) []float32 {
			radius := between(r, 8, 17) * px
			if edge, outward, ok := s.edge(r); ok {
				radius = min(radius, 0.3*s.extent())
				return s.bite(r, newFracture(r, edge, radius), outward)
			}
			return s.spall(r, newFracture(r, s.site(r, radius), radius))
		},
	}
}

// fracture is the outline of a broken piece: corners around a centre.
type fracture struct {
	centre  point
	radius  float32
	corners []float32 // distance from the centre, at equal angles
	turn    float64   // angle of the first
	rough   Noise
}

func newFracture(r *rand.Rand, centre point, radius float32) fracture {
	c := fracture{centre, radius, make([]float32, 7+r.IntN(4)), 2 * math.Pi * r.Float64(), NewNoise(r)}
	for k := range c.corners {
		c.corners[k] = radius * between(r, 0.6, 1.15)
	}
	return c
}

// inside is how far inside the outline a place is; negative outside.
func (c fracture) inside(x, y float32) float32 {
	dx, dy := x-c.centre.x, y-c.centre.y
	angle := (math.Atan2(float64(dy), float64(dx)) - c.turn) / (2 * math.Pi)
	place := float32(angle-math.Floor(angle)) * float32(len(c.corners))
	k := int(place)
	here, next := c.corners[k%len(c.corners)], c.corners[(k+1)%len(c.corners)]
	return lerp(here, next, place-float32(k)) - sqrt(dx*dx+dy*dy) + 0.9*px*c.rough.Fractal(x/(4*px), y/(4*px), 2)
}

// edge chooses a place on an object's outer edge, and the direction out of it;
// false for materials, which have none.
func (s *Surface) edge(r *rand.Rand) (p, outward point, ok bool) {
	var middle point
	n := float32(0)
	s.Each(func(i int, x, y float32) {
		if s.Cover[i] > 0.5 {
			middle.x, middle.y, n = middle.x+x, middle.y+y, n+1
		}
	})
	if n == 0 || n > 0.97*float32(len(s.Cover)) {
		return p, outward, false
	}
	middle = point{middle.x / n, middle.y / n}
	sin, cos := math.Sincos(2 * math.Pi * r.Float64())
	outward = point{float32(cos), float32(sin)}
	for t := float32(0); t < 0.75; t += s.Pixel() {
		q := point{middle.x + t*outward.x, middle.y + t*outward.y}
		if s.covered(q.x, q.y) {
			p, ok = q, true
		}
	}
	return p, outward, ok
}

// bite takes a piece off the edge of an object. A band of broken material stays
// along the outline, and slopes down to the background.
func (s *Surface) bite(r *rand.Rand, c fracture, outward point) []float32 {
	in := between(r, 0, 0.25) * c.radius
	edge := c.centre
	c.centre = point{edge.x - in*outward.x, edge.y - in*outward.y}
	band := between(r, 2.5, 4.5) * px
	inner, _ := s.brokenColour(c)
	before := *s
	before.Albedo, before.Height = slices.Clone(s.Albedo), slices.Clone(s.Height)
	before.Gloss, before.Cover = slices.Clone(s.Gloss), slices.Clone(s.Cover)
	cover := make([]float32, len(s.Albedo))
	s.near(c.centre, 1.3*c.radius, func(i int, x, y float32) {
		inside := c.inside(x, y)
		m := s.soft(inside) * before.Cover[i]
		if m == 0 {
			return
		}
		cover[i] = m
		crumbs := 1 + 0.35*c.rough.Fractal(x/(2.5*px), y/(2.5*px), 2)
		s.Albedo[i] = s.Albedo[i].Mix(inner.Scale(crumbs), m)
		s.Height[i] -= m * (0.2*px + smoothstep(0, band, inside)*0.6*before.Height[i] + 0.5*px*(crumbs-1))
		s.Gloss[i] *= 1 - m
		gone := s.soft(inside - band)
		if gone == 0 {
			return
		}
		b := before.background(point{x, y}, edge, outward)
		s.Albedo[i] = s.Albedo[i].Mix(before.Albedo[b], gone)
		s.Height[i] = lerp(s.Height[i], before.Height[b], gone)
		s.Gloss[i] = lerp(s.Gloss[i], before.Gloss[b], gone)
		s.Cover[i] *= 1 - gone
	})
	return cover
}

// background is a cell of the background to show in place of the object at p:
// its mirror image at the edge, or what follows outwards.
func (s *Surface) background(p, edge, outward point) int {
	d := (edge.x-p.x)*outward.x + (edge.y-p.y)*outward.y
	for t := max(2*d, px); t < 1.5; t += px {
		x, y := mirror(p.x+t*outward.x), mirror(p.y+t*outward.y)
		if i := s.cell(x, y); i >= 0 && s.Cover[i] == 0 {
			return i
		}
	}
	return 0
}

// mirror reflects a coordinate at the picture's borders.
func mirror(v float32) float32 {
	if v < 0 {
		return -v
	}
	if v >= 1 {
		return max(0, 1.9999-v)
	}
	return v
}

// spall breaks a piece out of a material, or cuts it out of a mesh.
func (s *Surface) spall(r *rand.Rand, c fracture) []float32 {
	inner, floor := s.brokenColour(c)
	floor -= between(r, 0.045, 0.06)
	wall := between(r, 3, 5) * px
	gap, mesh := s.gap()
	solid := s.solid()
	cover := make([]float32, len(s.Albedo))
	s.near(c.centre, 1.3*c.radius, func(i int, x, y float32) {
		inside := c.inside(x, y)
		m := s.soft(inside) * s.Cover[i]
		if m == 0 {
			return
		}
		cover[i] = m
		crumbs := c.rough.Fractal(x/(4*px), y/(4*px), 3)
		s.Gloss[i] *= 1 - m
		if mesh { // broken ends of wires, then nothing
			cut := smoothstep(0.5*px, 1.5*px, inside) * solid(i)
			s.Albedo[i] = s.Albedo[i].Mix(s.Albedo[i].Mix(inner, 0.5), m*solid(i)).Mix(s.Albedo[gap], cut)
			s.Height[i] = lerp(s.Height[i], s.Height[gap], cut)
			return
		}
		deep := smoothstep(-0.3*px, wall, inside)
		bottom := min(floor, s.Height[i]-0.03) + 0.9*px*crumbs
		s.Height[i] = lerp(s.Height[i], bottom, m*deep)
		s.Albedo[i] = s.Albedo[i].Mix(inner.Scale((1+0.3*crumbs)*(1-0.22*deep)), m)
	})
	return cover
}

// brokenColour is the colour of a material's inside, lighter than its outside
// unless that is light already, and its height before.
func (s *Surface) brokenColour(c fracture) (RGB, float32) {
	local, height := s.around(c.centre, c.radius)
	if brightness(local) > 0.62 {
		return local.Scale(0.42).Mix(Hex(0x6b4a35), 0.25), height
	}
	return local.Mix(Hex(0xd8c8ae), 0.3), height
}
