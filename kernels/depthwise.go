package kernels

import (
	"fmt"

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
	line := s.depthwiseLine(wd)
	Range(s.B*h, rowGrain(wd*c*s.KH), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			result := out[r*wd*c:][:wd*c]
			line.compute(result, x[r/h*s.H*s.W*c:][:s.H*s.W*c], w, bias, r%h*s.Stride-s.Pad.Top)
			if s.Act == SiLU {
				SiLU.applyTo(result)
			}
		}
	})
}

// depthwiseLine is one line of the result of a depthwise convolution. The windows of its
// pixels from inner to outer-1 lie between the left and the right edge of the picture.
type depthwiseLine struct {
	ConvShape
	windows      vec.Windows // whole ones
	pixels       int
	inner, outer int
}

func (s ConvShape) depthwiseLine(pixels int) depthwiseLine {
	lo, hi := s.Act.limits()
	l := depthwiseLine{ConvShape: s, pixels: pixels, windows: vec.Windows{C: s.Cin, KH: s.KH, KW: s.KW,
		Step: s.Stride * s.Cin, OutStep: s.Cin, Row: s.W * s.Cin, WRow: s.KW * s.Cin, Low: lo, High: hi}}
	l.inner = min((s.Pad.Left+s.Stride-1)/s.Stride, pixels)
	l.outer = max(l.inner, min(pixels, (s.W-s.KW+s.Pad.Left)/s.Stride+1))
	if s.W+s.Pad.Left < s.KW {
		l.outer = l.inner
	}
	return l
}

// compute sets out to the line whose windows in picture x begin at row top.
func (l depthwiseLine) compute(out, x, w, bias []float32, top int) {
	first := max(0, -top) // row of the kernel that meets the picture
	l.windows.KH = max(min(l.KH, l.H-top)-first, 0)
	x, w = x[min(top+first, l.H-1)*l.windows.Row:], w[first*l.windows.WRow:]
	for i := range l.pixels {
		if i == l.inner && l.outer > l.inner {
			l.windows.Depthwise(out[i*l.Cin:], x[(i*l.Stride-l.Pad.Left)*l.Cin:], w, bias, l.outer-l.inner)
		}
		if i < l.inner || i >= l.outer {
			l.edge(out[i*l.Cin:], x, w, bias, i*l.Stride-l.Pad.Left)
		}
	}
}

// edge computes a pixel whose window begins at column left and is cut by an edge.
func (l depthwiseLine) edge(out, x, w, bias []float32, left int) {
	first := max(0, -left)
	cut := l.windows
	if cut.KW = min(l.KW, l.W-left) - first; cut.KW < 1 || cut.KH < 1 {
		cut.KH, x, w = 0, nil, nil
	} else {
		x, w = x[(left+first)*l.Cin:], w[first*l.Cin:]
	}
	cut.Depthwise(out, x, w, bias, 1)
}
