package images

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestOtsuLikeScikitImage(t *testing.T) {
	data, err := os.ReadFile("testdata/otsu.json") // from testdata/make_otsu.py
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name      string
		Values    []float32
		Threshold float32
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		got := Otsu(c.Values)
		if diff := cmp.Diff(c.Threshold, got, nearby); diff != "" {
			t.Errorf("%s: %s", c.Name, diff)
		}
		if diff := cmp.Diff(Above(c.Values, c.Threshold), Above(c.Values, got)); diff != "" {
			t.Errorf("%s: other cells above the threshold: %s", c.Name, diff)
		}
	}
}

func TestOtsuOddValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name   string
		values []float32
		want   float32
	}{
		{"none", nil, 0},
		{"none finite", []float32{nan, inf}, 0},
		{"one", []float32{2}, 2},
		{"infinite left out", []float32{0, 0, 1, 1, inf, nan, -inf}, 0.5 / 256},
		{"almost the same", []float32{1, math.Nextafter32(1, 2)}, 1},
	} {
		if diff := cmp.Diff(c.want, Otsu(c.values), nearby); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestResizeBilinear(t *testing.T) {
	m := []float32{0, 1, 2, 3}
	for _, c := range []struct {
		h, w, toH, toW int
		want           []float32
	}{
		{2, 2, 2, 2, m},
		{1, 4, 1, 2, []float32{0.5, 2.5}},
		{1, 4, 1, 1, []float32{1.5}},
		{4, 1, 8, 1, []float32{0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3}},
		{2, 2, 3, 3, []float32{0, 0.5, 1, 1, 1.5, 2, 2, 2.5, 3}},
	} {
		got, err := ResizeBilinear(m, c.h, c.w, c.toH, c.toW)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got, nearby); diff != "" {
			t.Errorf("%d×%d to %d×%d: %s", c.h, c.w, c.toH, c.toW, diff)
		}
	}
}

func TestShrinkMask(t *testing.T) {
	mask := []float32{
		1, 1, 0, 0, 0, 1,
		0, 0, 0, 1, 1, 1,
	}
	for _, c := range []struct {
		toH, toW int
		want     []float32
	}{
		{2, 6, mask},
		{1, 3, []float32{1, 0, 1}}, // half of a block is enough
		{1, 6, []float32{1, 1, 0, 1, 1, 1}},
		{2, 2, []float32{1, 0, 0, 1}},
		{1, 1, []float32{1}},
	} {
		got, err := ShrinkMask(mask, 2, 6, c.toH, c.toW)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("to %d×%d: %s", c.toH, c.toW, diff)
		}
	}
}

func TestMapErrors(t *testing.T) {
	m := make([]float32, 6)
	for _, c := range []struct {
		call func() ([]float32, error)
		says string
	}{
		{func() ([]float32, error) { return ResizeBilinear(m, 2, 2, 4, 4) }, "a map of 2×2 has 4 values, not 6"},
		{func() ([]float32, error) { return ResizeBilinear(m, 2, 3, 0, 4) }, "at least 1×1"},
		{func() ([]float32, error) { return ShrinkMask(m, -2, -3, 1, 1) }, "at least 1×1"},
		{func() ([]float32, error) { return ShrinkMask(m, 2, 3, 2, 2) }, "does not divide into 2×2"},
		{func() ([]float32, error) { return ShrinkMask(m, 2, 3, 4, 3) }, "does not divide into 4×3"},
	} {
		if _, err := c.call(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want one that says %s", err, c.says)
		}
	}
}

var nearby = cmpopts.EquateApprox(1e-5, 1e-5)

// TestMapsOfNoSense refuses maps and sizes that do not fit each other, before memory is taken.
func TestMapsOfNoSense(t *testing.T) {
	if Otsu(nil) != 0 || len(Above(nil, 0)) != 0 {
		t.Error("no values have a threshold")
	}
	for name, call := range map[string]func() ([]float32, error){
		"none":      func() ([]float32, error) { return ResizeBilinear(nil, 0, 0, 0, 0) },
		"overflow":  func() ([]float32, error) { return ResizeBilinear(nil, 1<<32, 1<<32, 4, 4) },
		"huge":      func() ([]float32, error) { return ResizeBilinear([]float32{1}, 1, 1, 1<<40, 1<<40) },
		"no values": func() ([]float32, error) { return ShrinkMask(nil, 1, 1, 1, 1) },
		"larger":    func() ([]float32, error) { return ShrinkMask([]float32{1}, 1, 1, 2, 2) },
		"negative":  func() ([]float32, error) { return ShrinkMask([]float32{1}, -1, -1, -1, -1) },
	} {
		if v, err := call(); err == nil {
			t.Errorf("%s: %d values", name, len(v))
		}
	}
}
