package cuda

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
)

// recorder is a driver that computes nothing and knows what it was asked for.
type recorder struct {
	next    uintptr
	held    map[uintptr]int // bytes by address
	uploads int
	kernels []string
	full    error // that Alloc returns, if it is not nil
}

func newRecorder() *recorder { return &recorder{next: 1 << 20, held: map[uintptr]int{}} }

func (r *recorder) Name() string { return "recorder" }

func (r *recorder) MemInfo() (free, total uint64, err error) { return 1, 2, nil }

func (r *recorder) Alloc(bytes int) (uintptr, error) {
	if r.full != nil {
		return 0, r.full
	}
	address := r.next
	r.next += uintptr(bytes+255) / 256 * 256
	r.held[address] = bytes
	return address, nil
}

func (r *recorder) Free(address uintptr) error {
	delete(r.held, address)
	return nil
}

func (r *recorder) Upload(uintptr, []byte) error {
	r.uploads++
	return nil
}

func (r *recorder) Download([]byte, uintptr) error { return nil }

func (r *recorder) Launch(kernel string, grid, block [3]uint32, shared uint32, args ...any) error {
	r.kernels = append(r.kernels, kernel)
	return nil
}

func (r *recorder) Synchronize() error { return nil }

func (r *recorder) Close() error { return nil }

// TestWeightsAreCopiedOnce holds copies of weights and constants to being made once, until they are forgotten.
func TestWeightsAreCopiedOnce(t *testing.T) {
	r := newRecorder()
	d := New(r)
	out, err := d.Make(6)
	if err != nil {
		t.Fatal(err)
	}
	numbers := make([]uint16, 12)
	w, other := kernels.Float16s(numbers[:6]), kernels.Float16s(numbers[6:])
	bias := []float32{1, 2}
	layers := func() {
		d.Linear(out[:4], out, w, d.Constant(bias), nil, 2, 2, 3)
		d.LinearGrad(out, out[:4], w, 2, 2, 3)
		d.Linear(out[:4], out, other, d.Constant(bias), nil, 2, 2, 3)
	}
	layers()
	layers()
	if r.uploads != 3 {
		t.Errorf("%d copies of two weights and a constant, want 3", r.uploads)
	}
	if c := d.Constant(bias); len(c) != 2 || address(c) == address(bias) {
		t.Errorf("the constant is %d numbers at %#x", len(c), address(c))
	}
	if c := d.Constant(nil); c != nil {
		t.Error("a constant of nothing is something")
	}
	if err := d.Forget(); err != nil {
		t.Fatal(err)
	}
	if len(r.held) != 1 {
		t.Errorf("%d pieces of memory are held after Forget, want the result's alone", len(r.held))
	}
	layers()
	if r.uploads != 6 {
		t.Errorf("%d copies after Forget and another round, want 6", r.uploads)
	}
	want := []string{"gemm_forward_f16_f32_64", "gemm_grad_f16_f32_64", "gemm_forward_f16_f32_64"}
	if !slices.Equal(r.kernels[:3], want) {
		t.Errorf("kernels %q, want %q", r.kernels[:3], want)
	}
}

// TestFirstErrorStays holds a device to launching nothing after an error, and to telling it.
func TestFirstErrorStays(t *testing.T) {
	r := newRecorder()
	d := New(r)
	out, err := d.Make(4)
	if err != nil {
		t.Fatal(err)
	}
	r.full = errors.New("the memory is full")
	d.Linear(out, out, kernels.Float32s(make([]float32, 4)), nil, nil, 2, 2, 2)
	r.full = nil
	d.Linear(out, out, kernels.Float32s(make([]float32, 4)), nil, nil, 2, 2, 2)
	if err := d.Synchronize(); err == nil || err.Error() != "the memory is full" {
		t.Errorf("error %v, want that the memory is full", err)
	}
	if len(r.kernels) > 0 {
		t.Errorf("kernels %q were launched without their weights", r.kernels)
	}
}

// TestMistakes holds functions to panicking with their name, and what is wrong, where lengths contradict a shape.
func TestMistakes(t *testing.T) {
	d := New(newRecorder())
	x, w := make([]float32, 4), kernels.Float32s(make([]float32, 4))
	shape := kernels.ConvShape{B: 1, H: 2, W: 2, Cin: 1, Cout: 1, KH: 2, KW: 2, Stride: 1}
	small, none := kernels.ConvShape{H: 1, W: 1, KH: 2, KW: 2, Stride: 1}, kernels.ConvShape{H: 1, W: 1}
	oblong := kernels.ConvShape{B: 1, H: 2, W: 2, Cin: 1, Cout: 1, KH: 1, KW: 2, Stride: 1}
	for _, c := range []struct {
		want string
		f    func()
	}{
		{"Linear: out has 4 elements, want 6", func() { d.Linear(x, x, w, nil, nil, 3, 2, 2) }},
		{"Linear: x has 4 elements, want 2", func() { d.Linear(x, x, w, nil, nil, 2, 2, 1) }},
		{"Linear: w has 4 elements, want 2", func() { d.Linear(x[:2], x, w, nil, nil, 2, 1, 2) }},
		{"Linear: bias has 4 elements, want 2", func() { d.Linear(x, x, w, x, nil, 2, 2, 2) }},
		{"Linear: residual has 3 elements, want 4", func() { d.Linear(x, x, w, nil, x[:3], 2, 2, 2) }},
		{"LinearGrad: dy has 3 elements, want 4", func() { d.LinearGrad(x, x[:3], w, 2, 2, 2) }},
		{"Conv: out has 4 elements, want 1", func() { d.Conv(x, x, w, nil, nil, shape) }},
		{"ConvGrad: dx has 3 elements, want 4", func() { d.ConvGrad(x[:3], x[:1], w, shape) }},
		{"Conv: the kernel does not fit", func() { d.Conv(x, x, w, nil, nil, small) }},
		{"ConvGrad: a kernel of 1×2, want a square one", func() { d.ConvGrad(x, x, w, oblong) }},
		{"ConvGrad: a kernel of 0×0, stride 0", func() { d.ConvGrad(x, x, w, none) }},
	} {
		func() {
			defer func() {
				if text, _ := recover().(string); !strings.Contains(text, c.want) {
					t.Errorf("panic %q, want %q", text, c.want)
				}
			}()
			c.f()
		}()
	}
}
