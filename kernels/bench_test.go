package kernels

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/sdgraph/sdgraph/kernels/internal/winograd"
)

// The benchmarks run the shapes of Stable Diffusion 1.5 at 512×512 and report
// the share of the processor's peak on all threads (see [Precision.Peak]), which unlike
// a time compares across machines. Convolutions count the multiplications of a
// direct one, so that Winograd's algorithm may exceed the peak.

// measure reports the speed of f, which takes the given number of operations.
func measure(b *testing.B, flops float64, f func()) {
	peak := Float32.Peak() * float64(min(Threads(), runtime.NumCPU()))
	f()
	for b.Loop() {
		f()
	}
	speed := flops * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(speed/1e9, "GFLOP/s")
	b.ReportMetric(100*speed/peak, "%peak")
}

func withWinograd(on bool, f func()) {
	defer SetWinograd(!direct.Load())
	SetWinograd(on)
	f()
}

func BenchmarkPeak(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(Float32.Peak()/1e9, "GFLOP/s")
	}
}

func BenchmarkLinear(b *testing.B) {
	for _, s := range [][3]int{
		{4096, 320, 320}, {4096, 2560, 320}, {4096, 320, 1280}, {1024, 640, 640}, {1024, 5120, 640},
		{256, 1280, 1280}, {256, 10240, 1280}, {64, 1280, 1280}, {77, 320, 768}, {77, 3072, 768}, {1, 1280, 1280},
	} {
		m, n, k := s[0], s[1], s[2]
		for _, format := range []string{"float32", "float16"} {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", m, n, k, format), func(b *testing.B) {
				r := source("bench")
				w, _ := randomElements(r, format, n*k)
				x, out := random(r, m*k), make([]float32, m*n)
				measure(b, 2*float64(m*n*k), func() { Float32.Linear(out, x, w, nil, nil, m, n, k) })
			})
		}
		b.Run(fmt.Sprintf("%dx%dx%d/grad", m, n, k), func(b *testing.B) {
			r := source("bench")
			w, _ := randomElements(r, "float16", n*k)
			dx, dy := make([]float32, m*k), random(r, m*n)
			measure(b, 2*float64(m*n*k), func() { Float32.LinearGrad(dx, dy, w, m, n, k) })
		})
	}
}

func BenchmarkConv(b *testing.B) {
	for _, c := range []struct{ size, cin, cout, kernel, stride int }{
		{64, 4, 320, 3, 1}, {64, 320, 320, 3, 1}, {64, 320, 320, 3, 2}, {64, 960, 320, 3, 1}, {32, 640, 640, 3, 1},
		{16, 1280, 1280, 3, 1}, {8, 1280, 1280, 3, 1}, {64, 320, 4, 3, 1},
		{256, 256, 256, 3, 1}, {256, 128, 3, 3, 1}, {64, 640, 320, 1, 1}, {224, 3, 32, 3, 2}, {224, 3, 64, 7, 2},
	} {
		pad := c.kernel / 2
		s := ConvShape{B: 1, H: c.size, W: c.size, Cin: c.cin, Cout: c.cout, KH: c.kernel, KW: c.kernel, Stride: c.stride, Pad: Pad(pad)}
		h, w := s.Out()
		r := source("bench")
		file, _ := randomElements(r, "float16", s.Cout*s.Cin*s.KH*s.KW)
		weights := ConvWeights(file, s.Cout, s.Cin, s.KH, s.KW)
		x, y := random(r, s.B*s.H*s.W*s.Cin), random(r, s.B*h*w*s.Cout)
		flops := 2 * float64(len(y)*s.KH*s.KW*s.Cin)
		name := fmt.Sprintf("%d/%d-%d/%dx%d/%d", c.size, c.cin, c.cout, c.kernel, c.kernel, c.stride)
		algorithms := map[string]bool{"direct": false}
		if s.winograd(winograd.Weights{Cin: s.Cin, Cout: s.Cout}) {
			algorithms["winograd"] = true
		}
		for algorithm, on := range algorithms {
			name := name + "/" + algorithm
			b.Run(name, func(b *testing.B) {
				withWinograd(on, func() { measure(b, flops, func() { Float32.Conv(y, x, weights, nil, nil, s) }) })
			})
			b.Run(name+"/grad", func(b *testing.B) {
				withWinograd(on, func() { measure(b, flops, func() { Float32.ConvGrad(x, y, weights, s) }) })
			})
		}
	}
}

func BenchmarkAttention(b *testing.B) {
	for _, s := range []AttentionShape{
		{B: 1, Heads: 8, Queries: 4096, Keys: 4096, HeadDim: 40}, {B: 1, Heads: 8, Queries: 1024, Keys: 1024, HeadDim: 80},
		{B: 1, Heads: 8, Queries: 256, Keys: 256, HeadDim: 160}, {B: 1, Heads: 8, Queries: 4096, Keys: 77, HeadDim: 40},
		{B: 1, Heads: 1, Queries: 4096, Keys: 4096, HeadDim: 512}, {B: 1, Heads: 12, Queries: 77, Keys: 77, HeadDim: 64, Causal: true},
	} {
		s.Scale = 0.1
		q, k, v, dout := attentionInputs(s)
		out, lse := make([]float32, len(q)), make([]float32, s.B*s.Heads*s.Queries)
		dq, dk, dv := make([]float32, len(q)), make([]float32, len(k)), make([]float32, len(v))
		product := 2 * float64(s.B*s.Heads*s.Queries*s.Keys*s.HeadDim)
		name := fmt.Sprintf("%dx%dx%dx%d", s.Heads, s.Queries, s.Keys, s.HeadDim)
		b.Run(name, func(b *testing.B) { measure(b, 2*product, func() { Float32.Attention(out, lse, q, k, v, s) }) })
		b.Run(name+"/grad", func(b *testing.B) {
			Float32.Attention(out, lse, q, k, v, s)
			measure(b, 5*product, func() { Float32.AttentionGrad(dq, dk, dv, q, k, v, out, dout, lse, s) })
		})
	}
}
