package kernels

import "fmt"

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
	Range(s.B*h, rowGrain(wd*c*s.KH), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			line := out[r*wd*c:][:wd*c]
			s.depthwiseLine(line, x[r/h*s.H*s.W*c:][:s.H*s.W*c], w, bias, r%h*s.Stride-s.Pad.Top)
			s.Act.applyTo(line)
		}
	})
}

// depthwiseLine computes one line of the result from a picture; its windows begin at
// row top.
func (s ConvShape) depthwiseLine(line, x, w, bias []float32, top int) {
	c := s.Cin
	for i := range len(line) / c {
		pixel, left := line[i*c:][:c], i*s.Stride-s.Pad.Left
		clear(pixel)
		copy(pixel, bias)
		for ky := max(0, -top); ky < min(s.KH, s.H-top); ky++ {
			for kx := max(0, -left); kx < min(s.KW, s.W-left); kx++ {
				weight := w[(ky*s.KW+kx)*c:][:c]
				for j, v := range x[((top+ky)*s.W+left+kx)*c:][:c] {
					pixel[j] += weight[j] * v
				}
			}
		}
	}
}
