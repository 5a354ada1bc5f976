package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/tensor"
)

// compare prints, for each reference tensor, the largest error, the largest
// reference value and their ratio. It returns an error that names the tensors
// whose ratio exceeds rtol and those that were not produced. A tensor of the
// input is not expected back: one file may hold inputs and references.
func compare(w io.Writer, in, out, ref tensors, rtol float64) error {
	var bad []string
	for _, name := range slices.Sorted(maps.Keys(ref)) {
		got, want := out[name], ref[name]
		if got == nil {
			if in[name] != nil {
				continue
			}
			bad = append(bad, name+" was not produced")
			continue
		}
		if !slices.Equal(got.Shape(), want.Shape()) {
			bad = append(bad, fmt.Sprintf("%s has shape %v, want %v", name, got.Shape(), want.Shape()))
			continue
		}
		worst, largest := difference(tensor.Float32s(got), tensor.Float32s(want))
		ratio := worst / largest
		if worst == 0 {
			ratio = 0
		}
		if _, err := fmt.Fprintf(w, "%-80s max error %.3e  max value %.3e  ratio %.3e\n", name, worst, largest, ratio); err != nil {
			return err
		}
		if !(ratio <= rtol) {
			bad = append(bad, fmt.Sprintf("%s: ratio %.3e", name, ratio))
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d of %d tensors are not within %g:\n  %s", len(bad), len(ref), rtol, strings.Join(bad, "\n  "))
	}
	return nil
}

// difference is the largest error and the largest value of want; NaN if there
// is a NaN in either.
func difference(got, want []float32) (worst, largest float64) {
	for i, v := range want {
		worst = math.Max(worst, math.Abs(float64(got[i])-float64(v)))
		largest = math.Max(largest, math.Abs(float64(v)))
	}
	return worst, largest
}
