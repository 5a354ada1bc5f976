package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// comparison is how far a tensor is from its reference.
type comparison struct {
	Name    string    `json:"tensor"`
	Shape   gt.Shape  `json:"shape"`
	Error   precisely `json:"max_error"`
	Largest precisely `json:"max_value"` // of the reference
	Ratio   precisely `json:"ratio"`     // of the two
}

// precisely is a number that may be none, which is null in JSON.
type precisely float64

func (p precisely) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(p)) || math.IsInf(float64(p), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(p))
}

// compare prints, for each reference tensor, the largest error, the largest
// reference value and their ratio, and writes them as --report says. It returns an
// error that names the tensors whose ratio exceeds --rtol and those that were not
// produced. A tensor of the input is not expected back: one file may hold inputs
// and references.
func compare(w io.Writer, in, out, ref tensors, o options) error {
	var bad []string
	all := []comparison{}
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
		all = append(all, comparison{name, want.Shape(), precisely(worst), precisely(largest), precisely(ratio)})
		if !(ratio <= o.Rtol) {
			bad = append(bad, fmt.Sprintf("%s: ratio %.3e", name, ratio))
		}
	}
	if o.compared != nil {
		o.compared(all)
	}
	if err := writeReport(o, all, bad); err != nil {
		return err
	}
	if len(bad) > 0 {
		return fmt.Errorf("%d of %d tensors are not within %g:\n  %s", len(bad), len(ref), o.Rtol, strings.Join(bad, "\n  "))
	}
	return nil
}

// writeReport writes what was compared, where that is asked for.
func writeReport(o options, all []comparison, bad []string) error {
	if o.Report == "" {
		return nil
	}
	data, err := json.MarshalIndent(map[string]any{
		"component": o.Run, "precision": o.precision().String(), "rtol": o.Rtol, "tensors": all, "not_within": append([]string{}, bad...),
	}, "", " ")
	if err != nil {
		return err
	}
	return files.Write(o.Report, append(data, '\n'))
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
