package nn

import (
	"testing"

	gt "gorgonia.org/tensor"

	G "gorgonia.org/gorgonia"
)

func TestFloatsOfSlices(t *testing.T) {
	m := func() *gt.Dense { return dense([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, gt.Shape{3, 4}) }
	for _, c := range []struct {
		name   string
		slices []gt.Slice
		want   []float32
	}{
		{"a row", []gt.Slice{G.S(1)}, []float32{4, 5, 6, 7}},
		{"a column", []gt.Slice{nil, G.S(1)}, []float32{1, 5, 9}},
		{"a row as a matrix", []gt.Slice{G.S(1, 2)}, []float32{4, 5, 6, 7}},
		{"a column as a matrix", []gt.Slice{nil, G.S(1, 2)}, []float32{1, 5, 9}},
		{"the inside", []gt.Slice{G.S(1, 3), G.S(1, 3)}, []float32{5, 6, 9, 10}},
		{"every other column", []gt.Slice{nil, G.S(0, 4, 2)}, []float32{0, 2, 4, 6, 8, 10}},
		{"an element", []gt.Slice{G.S(1), G.S(2)}, []float32{6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := m().Slice(c.slices...)
			if err != nil {
				t.Fatal(err)
			}
			f, err := floats(v.(*gt.Dense))
			if err != nil {
				t.Fatal(err)
			}
			checkSame(t, "elements", [][]float32{f}, [][]float32{c.want})
		})
	}
	if _, err := floats(G.NewF64(1)); err == nil {
		t.Error("a double is no error")
	}
	if _, err := floats(nil); err == nil {
		t.Error("no value is no error")
	}
}
