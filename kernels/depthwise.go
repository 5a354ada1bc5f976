package kernels

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
	"github.com/sdgraph/sdgraph/kernels/internal/vec"
)

// Depthwise convolves each channel with a kernel of its own: it sets out[b,y,x,c] =
// act(Σ w[ky,kx,c]·x[b,y·Stride-Pad.Top+ky,x·Stride-Pad.Left+kx,c] + bias[c]), pixels
// outside the input counting as zero. s.Cin and s.Cout are both the number of channels;
// w is [KH·KW, C], the order of [ConvWeights]; bias may be nil.
func Depthwise(out, x, w, bias []float32, s ConvShape) {
	const op = "Depthwise"
	h, wd := s.check(op)
	if s.Cin != s.Cout {
		panic(fmt.Sprintf("kernels: %s: from %d channels to %d, want as many", op, s.Cin, s.Cout))
	}
	c := s.Cout
	wantLen(op, "out", out, s.B*h*wd*c)
	wantLen(op, "x", x, s.B*s.H*s.W*c)
	wantLen(op, "w", w, s.KH*s.KW*c)
	wantOptional(op, "bias", bias, c)
	if bias == nil {
		bias = make([]float32, c)
	}
	d := s.newDepthwise(h, wd)
	jobs := d.divide()
	Parallel(s.B*jobs.rows.Count*jobs.channels.Count, func(job int) {
		lo, hi := jobs.rows.At(job % jobs.rows.Count)
		c0, c1 := jobs.channels.At(job / jobs.rows.Count % jobs.channels.Count)
		b := job / (jobs.rows.Count * jobs.channels.Count)
		d.only(c0, c1).rows(out[b*h*wd*c+c0:][:h*wd*c-c0], x[b*s.H*s.W*c+c0:][:s.H*s.W*c-c0], w[c0:], bias[c0:], lo, hi)
	})
	if s.Act == SiLU {
		SiLUForward(out, out)
	}
}

// depthwiseJobs is the division of a picture.
type depthwiseJobs struct{ rows, channels gemm.Split }

// divide cuts large pictures into rows. Small ones would be left with so few that windows at
// an edge are computed one by one; these are cut into channels.
func (d *depthwise) divide() depthwiseJobs {
	const (
		fewRows, fewChannels = 8, 64
		minWork              = 1 << 17 // multiplications worth a job of their own
	)
	work := d.height * d.width * d.Cin * d.KH * d.KW
	parts := 1
	if t := Threads(); t > 1 {
		parts = max(min((4*t+d.B-1)/max(d.B, 1), work/minWork), 1)
	}
	rows := gemm.SplitEvenly(d.height, max(d.height/parts, fewRows), 1)
	parts = (parts + rows.Count - 1) / rows.Count
	return depthwiseJobs{rows, gemm.SplitEvenly(d.Cin, max((d.Cin+parts-1)/parts, fewChannels), 16)}
}

// depthwise is a depthwise convolution of a picture. Its result has height×width pixels,
// whose windows are whole in rows and in columns that are inner, and cut by an edge in the
// others.
type depthwise struct {
	ConvShape
	height, width           int
	innerRows, innerColumns span
	windows                 vec.Windows // whole ones
}

// span is positions lo to hi-1.
type span struct{ lo, hi int }

// whole are the windows of n that lie in size pixels, of a kernel with so many pixels.
func whole(n, size, kernel, stride, before int) span {
	lo := min((before+stride-1)/stride, n)
	if size+before < kernel {
		return span{lo, lo}
	}
	return span{lo, max(lo, min(n, (size+before-kernel)/stride+1))}
}

func (s ConvShape) newDepthwise(h, w int) *depthwise {
	lo, hi := s.Act.limits()
	return &depthwise{ConvShape: s, height: h, width: w,
		innerRows: whole(h, s.H, s.KH, s.Stride, s.Pad.Top), innerColumns: whole(w, s.W, s.KW, s.Stride, s.Pad.Left),
		windows: vec.Windows{C: s.Cin, KH: s.KH, KW: s.KW, Row: s.W * s.Cin, WRow: s.KW * s.Cin, Low: lo, High: hi},
	}
}

// only is d for channels c0 to c1-1.
func (d depthwise) only(c0, c1 int) *depthwise {
	d.windows.N = c1 - c0
	return &d
}

// rows sets rows lo to hi-1 of the result: whole windows along lines, and those that
// the left or the right edge cuts along columns, since neighbours are computed at once.
func (d *depthwise) rows(out, x, w, bias []float32, lo, hi int) {
	first, end := min(max(d.innerRows.lo, lo), hi), max(min(d.innerRows.hi, hi), lo)
	end = max(first, end)
	at := func(row, column int) []float32 { return out[(row*d.width+column)*d.Cin:] }
	for column := range d.width {
		if column == d.innerColumns.lo && d.innerColumns.hi > column {
			column, n := d.innerColumns.lo, d.innerColumns.hi-d.innerColumns.lo
			for row := lo; row < hi; row++ {
				d.line(at(row, column), x, w, bias, row, column, n)
			}
		}
		if column >= d.innerColumns.lo && column < d.innerColumns.hi {
			continue
		}
		for row := lo; row < first; row++ {
			d.line(at(row, column), x, w, bias, row, column, 1)
		}
		if first < end {
			d.column(at(first, column), x, w, bias, first, column, end-first)
		}
		for row := end; row < hi; row++ {
			d.line(at(row, column), x, w, bias, row, column, 1)
		}
	}
}

// line computes n pixels of a row, whose windows are cut in the same way.
func (d *depthwise) line(out, x, w, bias []float32, row, column, n int) {
	s := d.windows
	s.Step, s.OutStep = d.Stride*d.Cin, d.Cin
	d.compute(s, out, x, w, bias, row, column, n)
}

// column computes n pixels of a column, whose windows are cut in the same way.
func (d *depthwise) column(out, x, w, bias []float32, row, column, n int) {
	s := d.windows
	s.Step, s.OutStep = d.Stride*s.Row, d.width*d.Cin
	d.compute(s, out, x, w, bias, row, column, n)
}

// compute computes n pixels from one on, the windows of all of them cut like its.
func (d *depthwise) compute(s vec.Windows, out, x, w, bias []float32, row, column, n int) {
	top, left := row*d.Stride-d.Pad.Top, column*d.Stride-d.Pad.Left
	above, before := max(0, -top), max(0, -left)
	s.KH, s.KW = min(d.KH, d.H-top)-above, min(d.KW, d.W-left)-before
	if min(s.KH, s.KW) < 1 {
		s.KH, s.KW = 0, 0 // all outside
		s.Depthwise(out, nil, nil, bias, n)
		return
	}
	s.Depthwise(out, x[(top+above)*s.Row+(left+before)*s.C:], w[above*s.WRow+before*s.C:], bias, n)
}
