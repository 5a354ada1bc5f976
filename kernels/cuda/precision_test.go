package cuda

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/kernels"
)

// TestPrecisionIsTheFunctions launches kernels of each precision in turns on one device: tables of functions have one of
// their own, and share memory, copies of weights and the first error.
func TestPrecisionIsTheFunctions(t *testing.T) {
	r := newRecorder()
	d := New(r)
	out, err := d.Make(4)
	if err != nil {
		t.Fatal(err)
	}
	w := kernels.Float16s(make([]uint16, 4))
	tables := map[kernels.Precision]kernels.Functions{}
	for _, p := range []kernels.Precision{kernels.Float32, kernels.Float16, kernels.BFloat16} {
		if tables[p], err = d.Functions(p); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []kernels.Precision{kernels.BFloat16, kernels.Float32, kernels.Float16, kernels.BFloat16} {
		tables[p].Linear(out, out, w, nil, nil, 2, 2, 2)
	}
	want := []string{"gemm_forward_f16_bf16_64", "gemm_forward_f16_f32_64", "gemm_forward_f16_f16_64", "gemm_forward_f16_bf16_64"}
	if !slices.Equal(r.kernels, want) {
		t.Errorf("kernels %q, want %q", r.kernels, want)
	}
	if r.uploads != 1 {
		t.Errorf("%d copies of one weight", r.uploads)
	}
	r.full = errors.New("the memory is full")
	tables[kernels.Float16].Linear(out, out, kernels.Float32s(make([]float32, 4)), nil, nil, 2, 2, 2)
	if err := d.With(kernels.BFloat16).Synchronize(); !errors.Is(err, r.full) {
		t.Errorf("error %v, want that of another precision's kernel", err)
	}
	if _, err := d.Functions(7); err == nil || !strings.Contains(err.Error(), "Precision(7) is unknown") {
		t.Errorf("error %v", err)
	}
}
