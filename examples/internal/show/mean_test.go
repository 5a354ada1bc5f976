package show

import (
	"math"
	"testing"
)

func TestMean(t *testing.T) {
	var m Mean
	if m.Value() != nil {
		t.Error("the mean of nothing is defined")
	}
	for _, v := range []float64{1, math.NaN(), 4, math.Inf(1), math.Inf(-1)} {
		m.Add(Number(v))
	}
	if v := m.Value(); v == nil || *v != 2.5 {
		t.Errorf("the mean of 1 and 4 is %v", v)
	}
	var share Mean
	for _, yes := range []bool{true, false, false, false} {
		share.Count(yes)
	}
	if v := share.Value(); v == nil || *v != 0.25 {
		t.Errorf("one of four is %v", v)
	}
}
