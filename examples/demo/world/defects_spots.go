package world

import (
	"math"
	"math/rand/v2"
)

// hole is a dark, deep, round opening with a worn rim.
func hole() Defect {
	return Defect{
		Name:   "hole",
		Detail: []string{"dark round hole", "deep round hole", "round hole with a rim", "drilled dark hole"},
		apply: func(s *Surface, r *rand.Rand) []float32 {
			radius := between(r, 4.5, 10.5) * px
			centre := s.site(r, radius+2*px)
			worn := NewNoise(r)
			rim := between(r, 1, 1.6) * px
			depth := between(r, 0.04, 0.055)
			local, _ := s.around(centre, 1.5*radius)
			edge := local.Scale(1.3).Mix(RGB{0.8, 0.78, 0.74}, 0.07)
			if brightness(local) > 0.6 {
				edge = local.Scale(0.6)
			}
			solid := s.solid()
			cover := make([]float32, len(s.Albedo))
			s.near(centre, radius*1.3, func(i int, x, y float32) {
				d := distance(centre, point{x, y}) - radius*0.05*worn.At(x/radius, y/radius)
				c := s.soft(radius-d) * s.Cover[i]
				if c == 0 {
					return
				}
				cover[i] = c
				open := s.soft(radius - rim - d)
				paint := c * max(open, solid(i))
				s.Albedo[i] = s.Albedo[i].Mix(edge.Mix(local.Scale(0.05), open), paint)
				s.Height[i] += paint * (0.5*rim*smoothstep(0, rim, radius-d)*(1-open) - depth*smoothstep(0, 2.5*px, radius-rim-d))
				s.Gloss[i] *= 1 - c*open
			})
			return cover
		},
	}
}

// soft goes from 0 to 1 within a cell around v = 0.
func (s *Surface) soft(v float32) float32 { return smoothstep(-0.75*s.Pixel(), 0.75*s.Pixel(), v) }

// stain is an irregular blotch of a colour that the subject does not have.
func stain() Defect {
	return Defect{
		Name: "stain",
		Detail: []string{
			"irregular blotchy stain", "discoloured blotchy stain", "soft spreading stain", "stain with an uneven outline",
		},
		apply: func(s *Surface, r *rand.Rand) []float32 {
			radius := between(r, 8, 21) * px
			centre := s.site(r, 0.8*radius)
			outline, patches := NewNoise(r), NewNoise(r)
			local, _ := s.around(centre, radius)
			tint := stainTint(r, local)
			solid := s.solid()
			cover := make([]float32, len(s.Albedo))
			s.near(centre, radius*1.4, func(i int, x, y float32) {
				d := distance(centre, point{x, y})
				d += 0.45 * radius * outline.Fractal(x/radius*1.1, y/radius*1.1, 2)
				c := smoothstep(-1.4*px, 1.4*px, 0.85*radius-d) * s.Cover[i] * solid(i)
				if c == 0 {
					return
				}
				cover[i] = c
				// Stains dry from the outside: the edge is the strongest.
				edge := smoothstep(0.55*radius, 0.8*radius, d)
				strength := 0.64 + 0.14*patches.At(x/(5*px), y/(5*px)) + 0.16*edge
				a := s.Albedo[i]
				grain := min(1.4, max(0.6, brightness(a)/max(brightness(local), 0.05)))
				s.Albedo[i] = a.Mix(tint.Scale(grain), c*strength)
				s.Gloss[i] *= 1 - 0.7*c
			})
			return cover
		},
	}
}

// stainColours are what stains are made of: oil, rust, ink, algae and lime.
var stainColours = []RGB{Hex(0x2e2117), Hex(0x8a3f16), Hex(0x1c2f78), Hex(0x35501f), Hex(0xe6e2d6)}

// stainTint chooses among the stainColours that stand out from a colour, or the one that
// does so most.
func stainTint(r *rand.Rand, from RGB) RGB {
	const enough = 0.3
	var good []RGB
	best, furthest := stainColours[0], float32(0)
	for _, t := range stainColours {
		d := difference(t, from)
		if d > enough {
			good = append(good, t)
		}
		if d > furthest {
			best, furthest = t, d
		}
	}
	if len(good) == 0 {
		return best
	}
	return good[r.IntN(len(good))]
}

// difference is how different two colours look, about 0 to 1: the difference in
// brightness and a part of that in hue.
func difference(a, b RGB) float32 {
	hue := func(c RGB) (float32, float32) {
		return sqrt(c.R) - sqrt(c.G), sqrt(c.B) - sqrt(c.G)
	}
	ar, ab := hue(a)
	br, bb := hue(b)
	light := brightness(a) - brightness(b)
	return sqrt(light*light + 0.3*((ar-br)*(ar-br)+(ab-bb)*(ab-bb)))
}

// dent is a smooth, round hollow that its shading shows.
func dent() Defect {
	return Defect{
		Name:   "dent",
		Detail: []string{"shallow round dent", "smooth round dent", "smooth pressed-in dent", "round hollow dent"},
		apply: func(s *Surface, r *rand.Rand) []float32 {
			radius := between(r, 8.5, 17) * px
			centre := s.site(r, radius)
			local, _ := s.around(centre, radius)
			depth := between(r, 0.24, 0.32) * radius * (1.5 - 0.7*brightness(local)) // dark things show less of their shape
			shade := 0.24 + min(0.3, 40*s.relief(centre, radius))
			stretch, turn := between(r, 0.85, 1), 2*math.Pi*r.Float64()
			sin, cos := math.Sincos(turn)
			cover := make([]float32, len(s.Albedo))
			s.near(centre, radius, func(i int, x, y float32) {
				dx, dy := x-centre.x, y-centre.y
				u, v := dx*float32(cos)+dy*float32(sin), (dy*float32(cos)-dx*float32(sin))/stretch
				t := sqrt(u*u+v*v) / radius
				if t >= 1 || s.Cover[i] == 0 {
					return
				}
				hollow := smoothstep(1, 0.3, t)
				s.Height[i] -= depth * hollow * s.Cover[i]
				s.Albedo[i] = s.Albedo[i].Scale(1 - shade*smoothstep(0, 0.5, hollow))
				cover[i] = s.soft((0.9-t)*radius) * s.Cover[i]
			})
			return cover
		},
	}
}

// relief is how far the subject's cells around a place are from their mean
// height: how rough it is, or how steep.
func (s *Surface) relief(p point, radius float32) float32 {
	_, mean := s.around(p, radius)
	sum, n := float32(0), float32(1)
	s.near(p, radius, func(i int, x, y float32) {
		if s.Cover[i] > 0.9 {
			sum += max(s.Height[i]-mean, mean-s.Height[i])
			n++
		}
	})
	return sum / n
}
