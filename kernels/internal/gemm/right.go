package gemm

// Transposed is the right operand with element (k, n) at Src[n*Stride+k]: a
// layer's weights.
type Transposed struct {
	Src    Numbers
	Stride int
}

func (m Transposed) pack(p *Primitives, dst []float32, n0, n1, k0, k1 int) {
	if k0 < k1 {
		p.PackColumns(dst, p.right(k1-k0)*p.Cols, m.Src.From(n0*m.Stride+k0), m.Stride, (k1-k0)/p.Depth, n1-n0)
	}
}

func (m Transposed) runs() int      { return 0 }
func (m Transposed) format() Format { return m.Src.Format }

// Straight is the right operand with element (k, n) at Src[k*Stride+n]: a
// layer's weights seen from its output.
type Straight struct {
	Src    Numbers
	Stride int
}

func (m Straight) pack(p *Primitives, dst []float32, n0, n1, k0, k1 int) {
	if k0 < k1 {
		p.PackRows(dst, p.right(k1-k0)*p.Cols, m.Src.From(k0*m.Stride+n0), m.Stride, (k1-k0)/p.Depth, n1-n0)
	}
}

func (m Straight) runs() int      { return 0 }
func (m Straight) format() Format { return m.Src.Format }

// Taps is a convolution's weights [Cout][All][Cin] seen from its output, All
// being the number of pixels of the kernel: row (t, co) is the Cin weights of
// output channel co for pixel List[t].
type Taps struct {
	Src            Numbers
	Cout, All, Cin int
	List           []int
}

func (m Taps) pack(p *Primitives, dst []float32, n0, n1, k0, k1 int) {
	size := p.right(k1-k0) * p.Cols
	for k := k0; k < k1; {
		t := k / m.Cout
		co, rows := k-t*m.Cout, min(k1, (t+1)*m.Cout)-k
		src := m.Src.From((co*m.All+m.List[t])*m.Cin + n0)
		p.PackRows(dst[p.right(k-k0)*p.Cols:], size, src, m.All*m.Cin, rows/p.Depth, n1-n0)
		k += rows
	}
}

func (m Taps) runs() int      { return m.Cout }
func (m Taps) format() Format { return m.Src.Format }
