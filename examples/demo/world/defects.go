package world

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// px is a pixel of a picture of 128 pixels a side: the sizes of defects are
// meant in these.
const px = float32(1) / 128

// point is a place on a surface.
type point struct{ x, y float32 }

// cell is the cell of a place, -1 outside the surface.
func (s *Surface) cell(x, y float32) int {
	cx, cy := int(floor(x*float32(s.Size))), int(floor(y*float32(s.Size)))
	if cx < 0 || cy < 0 || cx >= s.Size || cy >= s.Size {
		return -1
	}
	return cy*s.Size + cx
}

// covered reports whether the subject is at a place.
func (s *Surface) covered(x, y float32) bool {
	i := s.cell(x, y)
	return i >= 0 && s.Cover[i] > 0.9
}

// extent is the side of a square of the subject's area.
func (s *Surface) extent() float32 {
	sum := float32(0)
	for _, c := range s.Cover {
		sum += c
	}
	return sqrt(sum / float32(len(s.Cover)))
}

// near calls f for the cells at most reach from a place, in a square.
func (s *Surface) near(c point, reach float32, f func(i int, x, y float32)) {
	s.within(c.x-reach, c.y-reach, c.x+reach, c.y+reach, f)
}

// within calls f for the cells of a rectangle.
func (s *Surface) within(left, top, right, bottom float32, f func(i int, x, y float32)) {
	index := func(v float32) int { return min(max(int(floor(v*float32(s.Size))), 0), s.Size-1) }
	for cy := index(top); cy <= index(bottom); cy++ {
		for cx := index(left); cx <= index(right); cx++ {
			i := cy*s.Size + cx
			x, y := s.At(i)
			f(i, x, y)
		}
	}
}

// site chooses a place on the subject with room around it, as far as there is
// any: the subject's edge and the picture's are at least room away.
func (s *Surface) site(r *rand.Rand, room float32) point {
	best, place := -1, point{0.5, 0.5}
	for range 80 {
		p := point{r.Float32(), r.Float32()}
		if !s.covered(p.x, p.y) {
			continue
		}
		n := s.room(p, room)
		if n > best {
			best, place = n, p
		}
		if n == 2*spokes {
			break
		}
	}
	return place
}

const spokes = 12

// room counts how many of the points around a place, on a circle and halfway to
// it, are on the subject.
func (s *Surface) room(p point, radius float32) int {
	n := 0
	for k := range spokes {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / spokes)
		dx, dy := radius*float32(cos), radius*float32(sin)
		if s.covered(p.x+dx, p.y+dy) {
			n++
		}
		if s.covered(p.x+dx/2, p.y+dy/2) {
			n++
		}
	}
	return n
}

// around is the mean colour and height of the subject around a place.
func (s *Surface) around(p point, radius float32) (colour RGB, height float32) {
	n := float32(0)
	s.near(p, radius, func(i int, x, y float32) {
		if s.Cover[i] > 0.9 {
			a := s.Albedo[i]
			colour = RGB{colour.R + a.R, colour.G + a.G, colour.B + a.B}
			height += s.Height[i]
			n++
		}
	})
	n = max(n, 1)
	return colour.Scale(1 / n), height / n
}

// gap is a cell of the level ground that is seen through the gaps of a mesh;
// false where a surface is no mesh, of which an eighth or more is ground.
func (s *Surface) gap() (cell int, mesh bool) {
	const each = 13 // a sample is enough
	order := make([]int, 0, len(s.Height)/each+1)
	for i := 0; i < len(s.Height); i += each {
		order = append(order, i)
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(s.Height[i], s.Height[j]) })
	run, longest := 0, 0
	for k, i := range order {
		run++
		if k > 0 && s.Height[i] != s.Height[order[k-1]] {
			run = 1
		}
		if run > longest {
			longest, cell = run, i
		}
	}
	return cell, longest > len(order)/8 && longest < len(order) && s.extent() > 0.99
}

// solid tells which cells are material, 1, and which a gap of a mesh, 0.
func (s *Surface) solid() func(i int) float32 {
	gap, mesh := s.gap()
	if !mesh {
		return func(int) float32 { return 1 }
	}
	height, ground := slices.Clone(s.Height), s.Height[gap]
	return func(i int) float32 {
		if height[i] == ground {
			return 0
		}
		return 1
	}
}

// brightness is how light a colour looks, from 0 to 1: the square root is close
// to what sRGB makes of the luminance of linear light (IEC 61966-2-1).
func brightness(c RGB) float32 { return sqrt(0.2126*c.R + 0.7152*c.G + 0.0722*c.B) }
