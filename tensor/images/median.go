package images

import "math"

// median is the picture with each value replaced by the median of the square around it; at the border the square is cut
// off. Values are not negative.
func (g greys) median(radius int) greys {
	out := make([]float32, len(g.at))
	eachRow(g.h, 64*g.w, func(lo, hi int) {
		m := newMedians(g, radius)
		for y := lo; y < hi; y++ {
			m.row(out[y*g.w:][:g.w], y)
		}
	})
	return greys{g.w, g.h, out}
}

// medians moves a square along a row with its values in order. At each step a column leaves it and another one comes,
// themselves in order, so that one pass over the values takes both. Values are compared as their bits, which have the
// same order.
type medians struct {
	g       greys
	radius  int
	columns []uint32 // of a row: the values of each column's part of the square, in order
	square  []uint32
	next    []uint32 // the square after a step
}

func newMedians(g greys, radius int) *medians {
	side := 2*radius + 1
	return &medians{g, radius, make([]uint32, side*g.w), make([]uint32, 0, side*side), make([]uint32, 0, side*side)}
}

func (m *medians) row(out []float32, y int) {
	top, bottom := max(0, y-m.radius), min(m.g.h, y+m.radius+1)
	n := bottom - top
	for x := range m.g.w {
		column := m.columns[x*n:][:n]
		for i := range column {
			v := math.Float32bits(m.g.at[(top+i)*m.g.w+x])
			k := i
			for ; k > 0 && column[k-1] > v; k-- {
				column[k] = column[k-1]
			}
			column[k] = v
		}
	}
	column := func(x int) []uint32 {
		if x < 0 || x >= m.g.w {
			return nil
		}
		return m.columns[x*n:][:n]
	}
	m.square = m.square[:0]
	for x := range m.radius {
		m.step(nil, column(x))
	}
	for x := range out {
		m.step(column(x-m.radius-1), column(x+m.radius))
		out[x] = math.Float32frombits(m.square[len(m.square)/2])
	}
}

// step takes values out of the square, and others in.
func (m *medians) step(leave, come []uint32) {
	next := m.next[:len(m.square)-len(leave)+len(come)]
	k := 0
	for _, v := range m.square {
		if len(leave) > 0 && v == leave[0] {
			leave = leave[1:]
			continue
		}
		for len(come) > 0 && come[0] < v {
			next[k] = come[0]
			come, k = come[1:], k+1
		}
		next[k] = v
		k++
	}
	copy(next[k:], come)
	m.square, m.next = next, m.square
}
