//go:build unix

package cuda

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/kernels/cuda/emulator"
	"github.com/sdgraph/sdgraph/kernels/kerneltest"
)

// onHost calls a device's functions on slices of the host: operands are copied there, and results back.
type onHost struct {
	*Device
	// skewed makes operands start 4 bytes after an address aligned to 16, where vectors cannot be read at once.
	skewed bool
}

// emulated is a device on the emulator, or the GPU that SDGRAPH_TEST_DEVICE names, in tests with the tag gpu; the test is
// skipped where there is neither.
func emulated(t *testing.T, sanitize bool, precision format) onHost {
	t.Helper()
	driver, err := testDriver(sanitize)
	if errors.Is(err, emulator.ErrNoCompiler) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	d := New(driver).With(kernels.Precision(precision))
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return onHost{Device: d}
}

// testDriver opens what tests run on. Without sanitizers the emulator has the kernels of attention alone, the only ones
// whose tests are long enough for another program to be worth its compilation.
func testDriver(sanitize bool) (Driver, error) {
	if name := os.Getenv("SDGRAPH_TEST_DEVICE"); name != "" {
		return Open(name)
	}
	options := emulator.Options{Sanitize: sanitize}
	if !sanitize {
		for _, pattern := range []string{"attention*.cu", "matrix_product.cu", "softmax.cu"} {
			found, err := filepath.Glob(filepath.Join("src", pattern))
			if err != nil {
				return nil, err
			}
			options.Sources = append(options.Sources, found...)
		}
	}
	return emulator.Start(options)
}

// must stops the test binary: after an error no result of the device means anything, whichever test is running.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// run gives f device memory like results, in place of which nil stays nil, and with the operands, and copies the
// results. An operand that is a result too is one on the device as well.
func (h onHost) run(results, operands [][]float32, f func(results, operands [][]float32)) {
	memory := map[*float32][]float32{}
	var all [][]float32
	device := func(x []float32) []float32 {
		if x == nil {
			return nil
		}
		key := unsafe.SliceData(x)
		if y, ok := memory[key]; ok {
			return y
		}
		skew := 0
		if h.skewed {
			skew = 1
		}
		y, err := h.Make(len(x) + skew)
		must(err)
		all = append(all, y)
		memory[key] = y[skew:]
		return y[skew:]
	}
	r, o := make([][]float32, len(results)), make([][]float32, len(operands))
	for i, x := range results {
		r[i] = device(x)
	}
	for i, x := range operands {
		if o[i] = device(x); x != nil {
			must(h.Upload(o[i], x))
		}
	}
	f(r, o)
	must(h.Synchronize())
	for i, x := range results {
		if x != nil {
			must(h.Download(x, r[i]))
		}
	}
	for _, x := range all {
		must(h.Free(x))
	}
}

type many = [][]float32

// roundoff is the largest relative error of rounding a number to f: 2⁻²⁴, 2⁻¹¹ or 2⁻⁸ (Higham, "Accuracy and Stability of
// Numerical Algorithms", 2002, section 2.1).
func (f format) roundoff() float64 {
	switch f {
	case f16:
		return math.Ldexp(1, -11)
	case bf16:
		return math.Ldexp(1, -8)
	}
	return math.Ldexp(1, -24)
}

// functions are the device's kernels for the conformance suite: those that multiply matrices, and if that is done in
// float32 the others as well, which know no other numbers. Operands are rounded before they are multiplied, which
// multiplies their relative error by the ratio of the unit roundoffs.
func (h onHost) functions() kerneltest.Functions {
	f := kerneltest.Functions{Tolerance: h.math.roundoff() / f32.roundoff()}
	h.attention(&f)
	f.BatchMatMul = h.batchMatMul
	f.Linear, f.LinearGrad = h.linear, h.linearGrad
	f.Conv, f.ConvGrad, f.SquareGrad = h.conv, h.convGrad, true
	if h.math == f32 {
		h.elements(&f)
		h.reductions(&f)
		h.rows(&f)
		h.shapes(&f)
	}
	return f
}

func (h onHost) attention(f *kerneltest.Functions) {
	type shape = kernels.AttentionShape
	f.Attention = func(out, lse, q, k, v []float32, s shape) {
		h.run(many{out, lse}, many{q, k, v}, func(r, o many) { h.Attention(r[0], r[1], o[0], o[1], o[2], s) })
	}
	f.AttentionGrad = func(dq, dk, dv, q, k, v, out, dout, lse []float32, s shape) {
		h.run(many{dq, dk, dv}, many{q, k, v, out, dout, lse}, func(r, o many) {
			h.AttentionGrad(r[0], r[1], r[2], o[0], o[1], o[2], o[3], o[4], o[5], s)
		})
	}
	f.AttentionTokens = func(p, q, k []float32, tokens []int, s shape) {
		h.run(many{p}, many{q, k}, func(r, o many) { h.AttentionTokens(r[0], o[0], o[1], tokens, s) })
	}
	f.AttentionTokensGrad = func(dq, dk, q, k, dp []float32, tokens []int, s shape) {
		h.run(many{dq, dk}, many{q, k, dp}, func(r, o many) {
			h.AttentionTokensGrad(r[0], r[1], o[0], o[1], o[2], tokens, s)
		})
	}
}

// batchMatMul moves the operands of all products to the device, in one piece for each kind, as far from each other as
// they are on the host: what is not theirs is NaN there.
func (h onHost) batchMatMul(batch int, at func(i int) (out, a, b kernels.Matrix), m, n, k int, scale float32) {
	outs, as, bs := make([]kernels.Matrix, batch), make([]kernels.Matrix, batch), make([]kernels.Matrix, batch)
	for i := range batch {
		outs[i], as[i], bs[i] = at(i)
	}
	results, left, right := span(outs), span(as), span(bs)
	h.run(many{}, many{results, left, right}, func(_, o many) {
		h.BatchMatMul(batch, func(i int) (out, a, b kernels.Matrix) {
			return moved(outs[i], results, o[0]), moved(as[i], left, o[1]), moved(bs[i], right, o[2])
		}, m, n, k, scale)
		must(h.Synchronize())
		must(h.Download(results, o[0]))
	})
}

// span is the memory from the first of several slices of one array to the end of the last.
func span(x []kernels.Matrix) []float32 {
	first, last := x[0].Data, x[0].Data
	for _, y := range x {
		if address(y.Data) < address(first) {
			first = y.Data
		}
		if address(y.Data)+uintptr(4*len(y.Data)) > address(last)+uintptr(4*len(last)) {
			last = y.Data
		}
	}
	return unsafe.Slice(unsafe.SliceData(first), int(address(last)-address(first))/4+len(last))
}

// moved is the matrix at the same distance from the start of to as x has from the start of from.
func moved(x kernels.Matrix, from, to []float32) kernels.Matrix {
	x.Data = to[int(address(x.Data)-address(from))/4:][:len(x.Data)]
	return x
}

// near holds results to a reference: their largest difference, relative to the reference's largest number.
func near(t *testing.T, name string, got, want []float32, tolerance float64) {
	t.Helper()
	largest, worst, at := 0.0, 0.0, 0
	for i, w := range want {
		largest = max(largest, math.Abs(float64(w)))
		if err := math.Abs(float64(got[i]) - float64(w)); !(err <= worst) {
			worst, at = err, i
		}
	}
	if !(worst <= tolerance*largest) {
		t.Errorf("%s: element %d of %d is %g, want %g (error %.2g, largest %.2g, allowed %.2g)",
			name, at, len(want), got[at], want[at], worst, largest, tolerance*largest)
	}
}
