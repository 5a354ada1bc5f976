package anomaly

import (
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestMap(t *testing.T) {
	m := Map{Values: []float32{0, 0.25, 0.5, 0.75, 1, -2}, Width: 3, Height: 2}
	if err := m.Validate(); err != nil {
		t.Error(err)
	}
	if got := []float32{m.At(0, 0), m.At(2, 0), m.At(1, 1), m.At(3, 0), m.At(0, 2), m.At(-1, 1), m.Max()}; !slices.Equal(got, []float32{0, 0.5, 1, 0, 0, 0, 1}) {
		t.Errorf("numbers %v", got)
	}
	heat, err := m.HeatMap(filled(3, 2, color.Black))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := heat.RGBAAt(1, 1), (color.RGBA{0x7e, 0x80, 0x52, 0xff}); got != want { // half of inferno's lightest
		t.Errorf("1 is shown as %v, want %v", got, want)
	}
	if got := (Map{Values: []float32{-3, -2}, Width: 2, Height: 1}).Max(); got != -2 {
		t.Errorf("the largest of -3 and -2 is %v", got)
	}
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		m    Map
		says string
	}{
		"nothing": {Map{}, "0×0: want at least 1×1"},
		"few":     {Map{Values: m.Values, Width: 4, Height: 2}, "a map of 4×2 pixels has 6 numbers, want 8"},
		"NaN":     {Map{Values: []float32{0, 0, 0, 0, nan, 0}, Width: 3, Height: 2}, "the map is NaN at pixel 1, 1"},
		"large":   {Map{Values: m.Values, Width: math.MaxInt, Height: 2}, "at most 67 million pixels"},
		"turned":  {Map{Values: m.Values, Width: 2, Height: 3}, "a map of 2×3 pixels does not lie on a picture of 3×2"},
	} {
		_, err := c.m.HeatMap(filled(3, 2, color.Black))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", name, err, c.says)
		}
		if err := c.m.Validate(); name != "turned" && err == nil {
			t.Errorf("%s is a map", name)
		}
	}
}
