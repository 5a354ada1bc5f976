package gemm

import "github.com/sdgraph/sdgraph/kernels/internal/vec"

// Rows is Scale times the matrix with element (r, k) at Data[r*Stride+k].
type Rows struct {
	Data   []float32
	Stride int
	Scale  float32
}

func (m Rows) pack(p *Primitives, dst []float32, ld, row, rows, k0, k1 int) {
	p.Lines(dst, ld, m.Data[row*m.Stride+k0:], m.Stride, rows, (k1-k0)/p.Depth)
	if m.Scale == 1 {
		return
	}
	for r := range rows {
		d := dst[r*ld:][:k1-k0]
		vec.Scale(d, d, m.Scale)
	}
}

func (m Rows) runs() int {
	if m.Scale != 1 {
		return 1
	}
	return 0
}

// Columns is Scale times the matrix with element (r, k) at Data[k*Stride+r].
type Columns struct {
	Data   []float32
	Stride int
	Scale  float32
}

func (m Columns) pack(p *Primitives, dst []float32, ld, row, rows, k0, k1 int) {
	if k1 == k0 {
		return
	}
	p.TransposeFloat32(dst, ld, m.Data[k0*m.Stride+row:], m.Stride, rows, k1-k0)
	if m.Scale == 1 {
		return
	}
	for r := range rows {
		d := dst[r*ld:][:k1-k0]
		vec.Scale(d, d, m.Scale)
	}
}

func (m Columns) runs() int { return 1 }

// Windows is the matrix that turns a convolution over channels-last pictures
// into a product (im2col), never stored as a whole. Row (b, i, j) is the
// KH×KW window of picture b whose first pixel is
// (i*Stride+OffY, j*Stride+OffX); column (ky, kx, c) is a channel of one of
// its pixels, zero outside the picture.
type Windows struct {
	X          []float32 // [B, H, W, C]
	H, W, C    int
	OutH, OutW int // windows per picture
	KH, KW     int
	Stride     int
	OffY, OffX int
}

// Left is the operand: where windows are the pixels themselves, just their rows.
func (m Windows) Left() Left {
	if m.KH == 1 && m.KW == 1 && m.Stride == 1 && m.OffY == 0 && m.OffX == 0 && m.OutH == m.H && m.OutW == m.W {
		return Rows{Data: m.X, Stride: m.C, Scale: 1}
	}
	return m
}

func (m Windows) pack(p *Primitives, dst []float32, ld, row, rows, k0, k1 int) {
	if p.Depth == 1 && k0 == 0 && k1 == m.KH*m.KW*m.C && m.KW*m.C <= 2*shortLine && rows*ld <= len(dst) {
		m.packShort(p, dst, ld, row, rows)
		return
	}
	m.each(row, rows, func(r, b, y, x int) { m.packWindow(p, dst[r*ld:][:p.left(k1-k0)], b, y, x, k0, k1) })
}

// shortLine is how many numbers are copied at a time of short lines of windows, which are
// those of the first layer of a network, with three channels.
const shortLine = 16

// packShort packs whole windows of short lines: the first lines of neighbouring windows, then
// their second ones, which overwrite what was copied too much of the first, and so on. The
// last ones go past their windows where there is room for it.
func (m Windows) packShort(p *Primitives, dst []float32, ld, row, rows int) {
	line, next := m.KW*m.C, m.W*m.C
	copied := (line + shortLine - 1) / shortLine * shortLine
	last := (m.KH-1)*line + copied // of what is written for a window
	for r := 0; r < rows; {
		b, at := (row+r)/(m.OutH*m.OutW), (row+r)%(m.OutH*m.OutW)
		y, x := at/m.OutW*m.Stride+m.OffY, at%m.OutW*m.Stride+m.OffX
		from := ((b*m.H+y)*m.W + x) * m.C
		n := min(rows-r, m.OutW-at%m.OutW, m.inside(y, x))
		for n > 0 && (last > ld || (r+n-1)*ld+last > len(dst) || from+(n-1)*m.Stride*m.C+(m.KH-1)*next+copied > len(m.X)) {
			n--
		}
		if n == 0 {
			m.packWindow(p, dst[r*ld:][:m.KH*line], b, y, x, 0, m.KH*line)
			r++
			continue
		}
		for ky := range m.KH {
			p.CopyFloat32(dst[r*ld+ky*line:], ld, m.X[from+ky*next:], m.Stride*m.C, n, copied)
		}
		r += n
	}
}

// inside is how many windows of a line, from the one at (y, x) on, lie within the picture.
func (m Windows) inside(y, x int) int {
	if min(y, x) < 0 || y+m.KH > m.H || x+m.KW > m.W {
		return 0
	}
	return (m.W-m.KW-x)/m.Stride + 1
}

// each calls f for so many rows, the first of which is row: with the window's picture and
// first pixel, perhaps outside.
func (m Windows) each(row, rows int, f func(r, b, y, x int)) {
	b, at := row/(m.OutH*m.OutW), row%(m.OutH*m.OutW)
	i, j := at/m.OutW, at%m.OutW
	for r := range rows {
		f(r, b, i*m.Stride+m.OffY, j*m.Stride+m.OffX)
		if j++; j < m.OutW {
			continue
		}
		if i, j = i+1, 0; i == m.OutH {
			b, i = b+1, 0
		}
	}
}

func (m Windows) runs() int { return m.C }

// packWindow writes columns k0 to k1-1 of one window. The pixels of one line
// of a window are neighbours in memory, so each line is one copy between two
// runs of zeros.
func (m Windows) packWindow(p *Primitives, dst []float32, b, y, x, k0, k1 int) {
	line := m.KW * m.C
	inLo, inHi := max(-x, 0)*m.C, min(max(m.W-x, 0), m.KW)*m.C // columns inside the picture
	for k0 < k1 {
		ky := k0 / line
		lo, hi := k0-ky*line, min(k1-ky*line, line)
		d := dst[:p.left(hi-lo)]
		dst, k0 = dst[len(d):], k0+hi-lo
		yy := y + ky
		from, to := min(max(inLo, lo), hi), max(min(inHi, hi), lo)
		if yy < 0 || yy >= m.H || from >= to {
			clear(d)
			continue
		}
		clear(d[:p.left(from-lo)])
		at := ((b*m.H+yy)*m.W + x) * m.C // of the window's first column, perhaps outside
		p.line(d[p.left(from-lo):], m.X[at+from:at+to])
		clear(d[p.left(to-lo):])
	}
}

// line writes the elements of one line of numbers; Go's copy is the fastest for
// single ones.
func (p *Primitives) line(dst, src []float32) {
	if p.Depth == 1 {
		copy(dst, src)
		return
	}
	p.Lines(dst, 0, src, 0, 1, len(src)/p.Depth)
}

// packed is a left operand packed as a whole: from is where a row begins in block d
// over K, and the distance of rows there.
type packed interface {
	from(d, row int) (a []float32, lda int)
	Free()
}

// packedLeft is a left operand packed as a whole, where more than one job uses each
// of its rows: one block over K after the other, each with all rows in order.
type packedLeft struct {
	*Buffer
	m      int
	parts  int
	depths Split
}

// leftNumbers bounds what is packed as a whole.
const leftNumbers = 8 << 20

// packLeft packs the left operand, or returns nil where that is too much or not needed.
func (q *Product) packLeft(p *Primitives, g grid, parallel func(n int, f func(i int))) packed {
	p = q.primitives(p)
	if m, ok := q.asPixels(p); ok {
		return q.packPixels(p, m, parallel)
	}
	_, inPlace := q.inPlace(p)
	depths := q.depths(p)
	n := q.M * (p.left(q.K) + depths.Count*rowPad)
	if inPlace || n > leftNumbers || g.cols.Count == 1 {
		return nil
	}
	l := &packedLeft{NewBuffer(n), q.M, p.LeftParts, depths}
	rows := SplitEvenly(q.M, 4*p.Rows, p.Rows)
	parallel(rows.Count, func(i int) {
		lo, hi := rows.At(i)
		for d := range depths.Count {
			k0, k1 := depths.At(d)
			dst, ld := l.from(d, lo)
			q.Left.pack(p, dst, ld, lo, hi-lo, k0*p.Depth, k1*p.Depth)
		}
	})
	return l
}

// from is where a row begins in block d over K, and the distance of rows there.
func (l *packedLeft) from(d, row int) (a []float32, lda int) {
	k0, k1 := l.depths.At(d)
	lda = (k1-k0)*l.parts + rowPad
	return l.Numbers[l.m*(k0*l.parts+d*rowPad)+row*lda:], lda
}
