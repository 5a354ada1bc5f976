package judge

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor"
)

// open loads the judge.
func open(t *testing.T) *Judge {
	t.Helper()
	j, err := New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestGolden compares with what torch makes of the same weights: golden.json
// has logits of some pixels, which judge.py wrote with the weights.
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Size   int
		Pixels [][2]int // row, column
		Logits [][]float64
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	n := golden.Size
	v := make([]float32, 0, 3*n*n)
	for c := range 3 {
		for y := range n {
			for x := range n {
				v = append(v, float32((7*x+13*y+29*c)%64)/32-1)
			}
		}
	}
	s, err := open(t).Segment(t.Context(), tensor.FromFloat32s(v, 1, 3, n, n))
	if err != nil {
		t.Fatal(err)
	}
	if len(golden.Pixels) == 0 {
		t.Fatal("no pixels")
	}
	for i, at := range golden.Pixels {
		sum := 0.0
		for _, l := range golden.Logits[i] {
			sum += math.Exp(l)
		}
		for k, l := range golden.Logits[i] {
			got := float64(s.Probability[k][at[0]*n+at[1]])
			if want := math.Exp(l) / sum; math.Abs(got-want) > 2e-5 {
				t.Errorf("pixel %v, class %d: %.6f, torch has %.6f", at, k, got, want)
			}
		}
	}
}

// TestDrawings has the judge find the defects of drawings that it was not
// trained on, and none where there is none.
func TestDrawings(t *testing.T) {
	if testing.Short() {
		t.Skip("many pictures")
	}
	const size = 128
	j := open(t)
	trials, err := trial.Spread(world.AllPairs, 72, 8_000_000)
	if err != nil {
		t.Fatal(err)
	}
	var named, iou, alarms float64
	for _, one := range trials {
		bad := one.Defective(size)
		v, err := j.Judge(t.Context(), trial.Picture(bad))
		if err != nil {
			t.Fatal(err)
		}
		if v.Defect == one.Defect.Name {
			named++
		}
		if o := metric.IoU(v.Mask, trial.Mask(bad)); o > 0 {
			iou += o
		}
		if v, err = j.Judge(t.Context(), trial.Picture(one.Normal(size))); err != nil {
			t.Fatal(err)
		}
		if v.Defect != "" {
			alarms++
		}
	}
	n := float64(len(trials))
	for _, c := range []struct {
		what          string
		share, lo, hi float64
	}{{"defects named", named / n, 0.6, 1}, {"IoU", iou / n, 0.6, 1}, {"false alarms", alarms / n, 0, 0.06}} {
		t.Logf("%s: %.3f", c.what, c.share)
		if c.share < c.lo || c.share > c.hi {
			t.Errorf("%s: %.3f of %.0f, want %g to %g", c.what, c.share, n, c.lo, c.hi)
		}
	}
}

func TestSegmentRefuses(t *testing.T) {
	j := open(t)
	for _, shape := range [][]int{{1, 3, 30, 32}, {1, 1, 32, 32}, {2, 3, 32, 32}, {3, 32, 32}} {
		n := 1
		for _, s := range shape {
			n *= s
		}
		if _, err := j.Segment(t.Context(), tensor.FromFloat32s(make([]float32, n), shape...)); err == nil {
			t.Errorf("a picture of shape %v: no error", shape)
		}
	}
}

// TestVerdict decides by hand-made probabilities of 128×128 pixels.
func TestVerdict(t *testing.T) {
	j := open(t)
	n := 128 * 128
	least := int(math.Ceil(j.LeastArea * float64(n)))
	for name, c := range map[string]struct {
		pixels int
		want   string
	}{"few": {least - 1, ""}, "enough": {least, j.Defects[2]}} {
		s := &Segmentation{Height: 128, Width: 128}
		for range 1 + len(j.Defects) {
			s.Probability = append(s.Probability, make([]float32, n))
		}
		for i := range n {
			if i < c.pixels {
				s.Probability[3][i] = 1
			} else {
				s.Probability[0][i] = 1
			}
		}
		v := j.Verdict(s)
		if v.Defect != c.want || v.Sure != c.pixels || v.Mask[0] != 1 || v.Mask[n-1] != 0 {
			t.Errorf("%s: defect %q of %d pixels, want %q of %d", name, v.Defect, v.Sure, c.want, c.pixels)
		}
	}
}
