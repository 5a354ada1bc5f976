package dataset

import (
	"image"
	"slices"
)

// Region is a part of a mask that hangs together: pixels that are neighbours by an edge or a
// corner.
type Region struct {
	// Polygon goes once around the region, along the edges of its pixels and clockwise as pictures
	// are seen; the pixel x, y is the square from x, y to x+1, y+1. A hole is joined to what
	// surrounds it by a slit without width, which the polygon passes in both directions. So one
	// polygon has the region and nothing else inside, by the even-odd rule as by the nonzero one,
	// and Area as its area. It passes a point twice at slits, and where two pixels touch in a
	// corner only.
	Polygon []image.Point
	Box     image.Rectangle // the smallest that has all of the region
	Area    int             // in pixels
}

// Trace returns the regions of a mask, of what is 128 and above, from top to bottom, and from left
// to right where two begin in one row. Points are relative to the mask's upper left corner. A mask
// that is black throughout has no regions.
func Trace(mask *image.Gray) ([]Region, error) {
	if err := checkMask(mask); err != nil {
		return nil, err
	}
	l := newLabels(mask)
	all := l.number()
	for i, loops := range l.loops(len(all)) {
		all[i].Polygon = join(loops)
	}
	return all, nil
}

// labels has for each pixel the number of its region, from 1 on, row by row, and a border of 0
// around the mask; until it has one, -1 where the mask is white.
type labels struct {
	of            []int32
	width, height int // with the border
}

func newLabels(mask *image.Gray) *labels {
	size := mask.Rect.Size()
	l := &labels{width: size.X + 2, height: size.Y + 2}
	l.of = make([]int32, l.width*l.height)
	for y := range size.Y {
		row := l.of[(y+1)*l.width+1:]
		for x, v := range mask.Pix[y*mask.Stride:][:size.X] {
			if v >= white {
				row[x] = -1
			}
		}
	}
	return l
}

// point is where in the mask the pixel at i is.
func (l *labels) point(i int) image.Point { return image.Pt(i%l.width-1, i/l.width-1) }

// number gives every region its number, and returns their boxes and areas.
func (l *labels) number() (all []Region) {
	around := []int{-l.width - 1, -l.width, -l.width + 1, -1, 1, l.width - 1, l.width, l.width + 1}
	var todo []int
	for first, v := range l.of {
		if v >= 0 {
			continue
		}
		n := int32(len(all) + 1)
		var r Region
		l.of[first] = n
		for todo = append(todo, first); len(todo) > 0; {
			i := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			p := l.point(i)
			r.Area++
			r.Box = r.Box.Union(image.Rectangle{p, p.Add(image.Pt(1, 1))})
			for _, step := range around {
				if l.of[i+step] < 0 {
					l.of[i+step] = n
					todo = append(todo, i+step)
				}
			}
		}
		all = append(all, r)
	}
	return all
}

// loops returns what lies around each of n regions: first its outer edge, clockwise, then those of
// its holes, anticlockwise, each as the corners of pixels that it passes, one step apart.
func (l *labels) loops(n int) [][][]image.Point {
	all := make([][][]image.Point, n)
	passed := make([]bool, len(l.of)) // the upper edge of a pixel
	for i, v := range l.of {
		// Every loop passes such an edge from left to right, and the first one in a region is that
		// of its first pixel, on its outer edge.
		if v > 0 && l.of[i-l.width] == 0 && !passed[i] {
			all[v-1] = append(all[v-1], l.loop(i, passed))
		}
	}
	return all
}

// loop goes along a region's edge with the region on its right hand, from the upper edge of the
// pixel at start. Where two pixels of the region touch in a corner, it goes from one to the other.
func (l *labels) loop(start int, passed []bool) (corners []image.Point) {
	// A corner is that pixel whose upper left corner it is. Directions are right, down, left, up;
	// to the left and to the right of the way ahead of a corner lie the pixels:
	steps := [4]int{1, l.width, -1, -l.width}
	left := [4]int{-l.width, 0, -1, -l.width - 1}
	right := [4]int{0, -1, -l.width - 1, -l.width}
	at, way := start, 0
	for {
		if way == 0 {
			if passed[at] {
				return corners
			}
			passed[at] = true
		}
		corners = append(corners, l.point(at))
		at += steps[way]
		switch {
		case l.of[at+left[way]] > 0:
			way = (way + 3) % 4
		case l.of[at+right[way]] == 0:
			way = (way + 1) % 4
		}
	}
}

// join makes one polygon of a region's loops.
func join(loops [][]image.Point) []image.Point {
	c := &chain{on: map[image.Point]int{}}
	c.add(loops[0])
	holes := loops[1:]
	for i, hole := range holes { // each begins at its first corner
		first := slices.Index(hole, slices.MinFunc(hole, before))
		holes[i] = slices.Concat(hole[first:], hole[:first])
	}
	slices.SortFunc(holes, func(a, b []image.Point) int { return before(a[0], b[0]) })
	for _, hole := range holes {
		c.slit(hole)
	}
	return c.corners()
}

// before orders points row by row.
func before(a, b image.Point) int {
	if a.Y != b.Y {
		return a.Y - b.Y
	}
	return a.X - b.X
}

// chain is a closed way through points, the first of which comes first.
type chain struct {
	points []image.Point
	next   []int
	on     map[image.Point]int // which of the points, or one of those, lies there
}

// add adds points that follow each other, the last one followed by nothing of the chain yet but by
// the first of them.
func (c *chain) add(points []image.Point) (first, last int) {
	first = len(c.points)
	for i, p := range points {
		c.points, c.next = append(c.points, p), append(c.next, first+i+1)
		c.on[p] = first + i
	}
	last = len(c.points) - 1
	c.next[last] = first
	return first, last
}

// slit leads the chain to a hole's first corner, around the hole, and back. What lies to the left of
// this corner, in the region, ends at the region's outer edge or at a hole that begins earlier, both
// of which the chain has.
func (c *chain) slit(hole []image.Point) {
	from := hole[0]
	at, found := c.on[from]
	for ; !found; at, found = c.on[from] {
		from.X--
	}
	after := c.next[at]
	first, _ := c.add(hole)
	_, last := c.add([]image.Point{hole[0], from})
	c.next[at], c.next[last-2], c.next[last] = first, last-1, after
}

// corners are the points at which the chain changes its direction.
func (c *chain) corners() (all []image.Point) {
	way := func(a, b image.Point) image.Point { d := b.Sub(a); return image.Pt(sign(d.X), sign(d.Y)) }
	before := c.points[0]
	for i, once := 0, false; i != 0 || !once; i, once = c.next[i], true {
		p, next := c.points[i], c.points[c.next[i]]
		if p == next { // a slit without length
			continue
		}
		if !once || way(before, p) != way(p, next) {
			all = append(all, p)
		}
		before = p
	}
	return all
}

func sign(v int) int { return min(1, max(-1, v)) }
