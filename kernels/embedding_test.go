package kernels

import (
	"slices"
	"testing"
)

func TestEmbedding(t *testing.T) {
	half := []uint16{0x0000, 0x3c00, 0xc000, 0x3800, 0x4200, 0xbc00} // 0 1 | -2 0.5 | 3 -1
	full := []float32{0, 1, -2, 0.5, 3, -1}
	for name, table := range map[string]Elements{"float16": Float16s(half), "float32": Float32s(full)} {
		out := make([]float32, 6)
		Embedding(out, []int32{2, 0, 2}, table, 2)
		if want := []float32{3, -1, 0, 1, 3, -1}; !slices.Equal(out, want) {
			t.Errorf("%s: got %v, want %v", name, out, want)
		}
	}
	for _, id := range []int32{-1, 3} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("id %d of a table of 3 was accepted", id)
				}
			}()
			Embedding(make([]float32, 2), []int32{id}, Float32s(full), 2)
		}()
	}
}
