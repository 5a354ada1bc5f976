package world

import (
	"math"
	"math/rand/v2"
	"slices"
)

// crack is a dark, deep, jagged groove with a branch or two.
func crack() Defect {
	return Defect{
		Name: "crack",
		Detail: []string{
			"thin dark jagged crack", "deep branching crack", "dark zigzag crack", "jagged crack with branches",
		},
		apply: func(s *Surface, r *rand.Rand) []float32 {
			half := between(r, 1.6, 2.5) * px
			trunk := s.longest(r, between(r, 0.38, 0.7), half, func(p point, dir, length float32) []point {
				return s.zigzag(r, p, dir, length)
			})
			w := newStroke(s)
			w.draw(trunk, half)
			for range 1 + r.IntN(2) {
				k := len(trunk)/4 + r.IntN(len(trunk)/2+1)
				a, b := trunk[min(k, len(trunk)-2)], trunk[min(k+1, len(trunk)-1)]
				dir := direction(a, b) + between(r, 0.6, 1.1)*sign(r)
				w.draw(append([]point{a}, s.zigzag(r, a, dir, length(trunk)*between(r, 0.15, 0.35))...), 0.75*half)
			}
			rough := NewNoise(r)
			depth := between(r, 0.03, 0.045)
			return w.carve(0.5*px, rough, func(i int, c, inside float32) {
				deep := smoothstep(0, 0.6, inside/half)
				s.Height[i] -= c * depth * (0.4 + 0.6*deep)
				s.Albedo[i] = s.Albedo[i].Mix(s.Albedo[i].Scale(0.1), c*(0.65+0.35*deep))
				s.Gloss[i] *= 1 - c
			})
		},
	}
}

// scratch is a straight or slightly bent line where something hard has gone
// along: bare, shiny material between the two fine dark edges of a groove.
func scratch() Defect {
	return Defect{
		Name: "scratch",
		Detail: []string{
			"shiny straight scratch", "long thin bright scratch", "fine shiny scratch", "narrow bright scratch",
		},
		apply: func(s *Surface, r *rand.Rand) []float32 {
			half := between(r, 1.5, 2.3) * px
			bend := between(r, -0.8, 0.8)
			worn := NewNoise(r)
			_, mesh := s.gap()
			if mesh { // of the line only what crosses wires is seen
				half = 2.4 * px
			}
			line := s.longest(r, between(r, 0.35, 0.7), half, func(p point, dir, length float32) []point {
				return s.bow(p, dir, length, bend)
			})
			w := newStroke(s)
			w.draw(line, half)
			depth := between(r, 0.006, 0.01)
			return w.carve(0.25*px, NewNoise(r), func(i int, c, inside float32) {
				a := s.Albedo[i]
				// On a light surface a line is seen by its edges, on a dark one by its middle.
				light := smoothstep(0.5, 0.85, brightness(a))
				if mesh {
					light = 1
				}
				core := smoothstep(0.25*light, 0.4+0.25*light, inside/half)
				x, y := s.At(i)
				bare := a.Mix(RGB{0.86, 0.86, 0.85}, 0.72+0.25*worn.At(x/(4*px), y/(4*px)))
				s.Albedo[i] = a.Mix(a.Scale(0.7-0.35*light).Mix(bare, core), c)
				s.Height[i] -= c * depth * core
				s.Gloss[i] = lerp(s.Gloss[i], 0.4, c*core)
			})
		},
	}
}

// longest chooses a line on the subject, of a length that is a fraction of the
// subject's extent, out of some that along draws from a place in a direction
// and that end at the subject's edge: the first that is as long as it should
// be, or the longest.
func (s *Surface) longest(r *rand.Rand, fraction, half float32, along func(p point, dir, length float32) []point) []point {
	want := fraction * s.extent()
	best, found := float32(-1), []point(nil)
	for range 12 {
		p := s.site(r, 3*half)
		dir := between(r, 0, 2*math.Pi)
		back := along(p, dir+math.Pi, want/2)
		slices.Reverse(back)
		line := append(append(back, p), along(p, dir, want/2)...)
		if n := length(line); n > best {
			best, found = n, line
		}
		if best > 0.8*want {
			break
		}
	}
	if len(found) < 2 { // nowhere to go: a short line
		found = append(found, point{found[0].x + 2*half, found[0].y})
	}
	return found
}

// zigzag goes from a place, which is not among the points, in a direction that
// it often leaves.
func (s *Surface) zigzag(r *rand.Rand, p point, dir, length float32) []point {
	var line []point
	for length > 0 {
		step := between(r, 3, 7) * px
		dir += between(r, -0.2, 0.2)
		sin, cos := math.Sincos(float64(dir + between(r, -0.75, 0.75)))
		p = point{p.x + step*float32(cos), p.y + step*float32(sin)}
		if !s.covered(p.x, p.y) {
			break
		}
		line = append(line, p)
		length -= step
	}
	return line
}

// bow goes from a place, which is not among the points, and turns by bend
// radians on a length of 1.
func (s *Surface) bow(p point, dir, length, bend float32) []point {
	const step = 4 * px
	var line []point
	for ; length > 0; length -= step {
		sin, cos := math.Sincos(float64(dir))
		p = point{p.x + step*float32(cos), p.y + step*float32(sin)}
		if !s.covered(p.x, p.y) {
			break
		}
		line = append(line, p)
		dir += bend * step
	}
	return line
}

func direction(a, b point) float32 {
	return float32(math.Atan2(float64(b.y-a.y), float64(b.x-a.x)))
}

func length(line []point) (sum float32) {
	for k := 1; k < len(line); k++ {
		sum += distance(line[k-1], line[k])
	}
	return sum
}

func distance(a, b point) float32 { return sqrt((a.x-b.x)*(a.x-b.x) + (a.y-b.y)*(a.y-b.y)) }

// sign is -1 or 1.
func sign(r *rand.Rand) float32 { return float32(2*r.IntN(2) - 1) }

// stroke collects lines: for each cell, how far inside the nearest line it is,
// in sides of the picture; negative outside.
type stroke struct {
	s      *Surface
	inside []float32
}

func newStroke(s *Surface) *stroke {
	w := &stroke{s, make([]float32, len(s.Albedo))}
	for i := range w.inside {
		w.inside[i] = -1
	}
	return w
}

// draw adds a line of a width of 2·half, thinner towards its ends.
func (w *stroke) draw(line []point, half float32) {
	total, gone := length(line), float32(0)
	for k := 1; k < len(line); k++ {
		a, b := line[k-1], line[k]
		l := max(distance(a, b), 1e-6)
		ux, uy := (b.x-a.x)/l, (b.y-a.y)/l
		reach := half + 2*px
		w.s.within(min(a.x, b.x)-reach, min(a.y, b.y)-reach, max(a.x, b.x)+reach, max(a.y, b.y)+reach, func(i int, x, y float32) {
			t := min(max((x-a.x)*ux+(y-a.y)*uy, 0), l)
			end := min(gone+t, total-gone-t)
			h := half * (0.55 + 0.45*smoothstep(0, min(6*px, total/4), end))
			w.inside[i] = max(w.inside[i], h-distance(point{x, y}, point{a.x + t*ux, a.y + t*uy}))
		})
		gone += l
	}
}

// carve calls f for the cells of the lines with how much of each belongs to
// them, and returns that; their edges are rough by so much.
func (w *stroke) carve(rough float32, n Noise, f func(i int, c, inside float32)) []float32 {
	s := w.s
	cover := make([]float32, len(s.Albedo))
	soft, solid := 0.75*s.Pixel(), s.solid()
	for i, inside := range w.inside {
		if inside < -2*px {
			continue
		}
		x, y := s.At(i)
		inside += rough * n.At(x/(3*px), y/(3*px))
		if c := smoothstep(-soft, soft, inside) * s.Cover[i] * solid(i); c > 0 {
			cover[i] = c
			f(i, c, inside)
		}
	}
	return cover
}
