package gemm

// packedPixels is the pictures of windows with zeros around them, packed pixel by
// pixel: the lines of a window are elements that follow one another there, for tiles
// to take where they lie. A window of KH×KW pixels is then packed once, not KH·KW
// times.
type packedPixels struct {
	*Buffer
	Windows
	height, width int   // of a picture with its zeros
	pixel         int   // elements
	depths        Split // of K
}

// asPixels reports whether the windows of a product are packed as pixels: those of AMX,
// whose tiles do not go on from line to line, nor end within a pixel.
func (q *Product) asPixels(p *Primitives) (m Windows, ok bool) {
	m, ok = q.Left.(Windows)
	if !ok || p.Unit == 1 || p.LeftParts > 1 || m.Stride > 1 || m.OutW%p.Rows != 0 || m.C%(p.Depth*p.Unit) != 0 {
		return m, false
	}
	height, width := m.padded()
	return m, q.M/(m.OutH*m.OutW)*height*width*m.C/p.Depth <= leftNumbers
}

// padded is the size of a picture with the zeros that its windows reach.
func (m Windows) padded() (height, width int) { return m.OutH + m.KH - 1, m.OutW + m.KW - 1 }

// ByPixels reports whether the product is of bfloat16 windows whose pixels tiles of AMX take
// where they lie.
func (q *Product) ByPixels() bool {
	_, ok := q.asPixels(q.primitives(Current()))
	return ok
}

// lineDepths is the division of K, in elements, into equal parts of lines of windows.
func (q *Product) lineDepths(p *Primitives, m Windows) Split {
	line := m.KW * m.C / p.Depth
	parts := (line + maxDepth - 1) / maxDepth
	for line%(parts*p.Unit) != 0 {
		parts++
	}
	return SplitEvenly(q.K/p.Depth, line/parts, p.Unit)
}

// packPixels packs the pictures.
func (q *Product) packPixels(p *Primitives, m Windows, parallel func(n int, f func(i int))) *packedPixels {
	l := &packedPixels{Windows: m, pixel: m.C / p.Depth, depths: q.depths(p)}
	l.height, l.width = m.padded()
	lines := q.M / (m.OutH * m.OutW) * l.height
	l.Buffer = NewBuffer(lines * l.width * l.pixel)
	parallel(lines, func(i int) { l.packLine(p, i) })
	return l
}

// packLine packs one line of all pictures with their zeros.
func (l *packedPixels) packLine(p *Primitives, line int) {
	dst := l.Numbers[line*l.width*l.pixel:][:l.width*l.pixel]
	b, y := line/l.height, line%l.height+l.OffY
	before := min(max(-l.OffX, 0), l.width)
	n := min(l.W-max(l.OffX, 0), l.width-before)
	if y < 0 || y >= l.H || n <= 0 {
		clear(dst)
		return
	}
	clear(dst[:before*l.pixel])
	src := l.X[((b*l.H+y)*l.W+max(l.OffX, 0))*l.C:]
	p.Lines(dst[before*l.pixel:], 0, src, 0, 1, n*l.pixel)
	clear(dst[(before+n)*l.pixel:])
}

// from is where a row begins in block d over K, and the distance of rows there.
func (l *packedPixels) from(d, row int) (a []float32, lda int) {
	k0, _ := l.depths.At(d)
	line := l.KW * l.pixel
	y, x := row/l.OutW, row%l.OutW
	y = y/l.OutH*l.height + y%l.OutH + k0/line
	return l.Numbers[(y*l.width+x)*l.pixel+k0%line:], l.pixel
}
