package metric

import (
	"encoding/json"
	"errors"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor"
)

// judged is what testdata/make.py found scores to be worth.
type judged struct {
	Normal, Anomalous int
	OneClass          bool `json:"one_class"`
	AUROC, AP         float64
	F1                float64 `json:"f1_max"`
	Threshold         float64 `json:"f1_threshold"`
	Precision         float64 `json:"f1_precision"`
	Recall            float64 `json:"f1_recall"`

	Regions          []int
	AUPRO            map[string]float64
	OfDefectiveAUROC float64 `json:"auroc_of_defective_pictures"`
}

// readJudged reads a case of testdata by its tensors' names.
func readJudged(t *testing.T, name string) (map[string]judged, func(string) ([]float32, []int)) {
	t.Helper()
	var cases map[string]judged
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(data, &cases)
	}
	if err != nil {
		t.Fatal(err)
	}
	file, err := tensor.Open(filepath.Join("testdata", name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return cases, func(name string) ([]float32, []int) {
		x, err := file.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		return tensor.Float32s(x), x.Shape()
	}
}

// near fails unless two numbers agree to 1e-9 of the wanted one.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9*math.Abs(want)) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// judge is the metrics that pictures and pixels have in common.
type judge struct {
	auroc, ap func() (float64, error)
	f1        func() (F1, error)
}

func (j judge) compare(t *testing.T, want judged) {
	t.Helper()
	auroc, err := j.auroc()
	ap, err2 := j.ap()
	f1, err3 := j.f1()
	if want.OneClass {
		for _, err := range []error{err, err2, err3} {
			if !errors.Is(err, ErrOneClass) {
				t.Errorf("error %v of one class", err)
			}
		}
		return
	}
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	near(t, "AUROC", auroc, want.AUROC)
	near(t, "average precision", ap, want.AP)
	near(t, "F1", f1.Value, want.F1)
	near(t, "precision", f1.Precision, want.Precision)
	near(t, "recall", f1.Recall, want.Recall)
	if f1.Threshold != want.Threshold {
		t.Errorf("the threshold is %v, want %v", f1.Threshold, want.Threshold)
	}
}

func TestPicturesLikeScikitLearn(t *testing.T) {
	cases, get := readJudged(t, "image_level")
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			scores, _ := get(name + ".scores")
			labels, _ := get(name + ".labels")
			score, defective := make([]float64, len(scores)), make([]bool, len(scores))
			for i, s := range scores {
				score[i], defective[i] = float64(s), labels[i] != 0
			}
			judge{
				func() (float64, error) { return AUROC(score, defective) },
				func() (float64, error) { return AveragePrecision(score, defective) },
				func() (F1, error) { return F1Max(score, defective) },
			}.compare(t, want)
		})
	}
}

func TestPixelsLikeScikitLearn(t *testing.T) {
	cases, get := readJudged(t, "pixel_level")
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			maps, shape := get(name + ".maps")
			masks, _ := get(name + ".masks")
			all, ofDefective := new(Pixels), new(Pixels)
			for i := range shape[0] {
				n := shape[1] * shape[2]
				m, truth := anomaly.Map{Values: maps[i*n:][:n], Height: shape[1], Width: shape[2]}, image.NewGray(image.Rect(0, 0, shape[2], shape[1]))
				for k, v := range masks[i*n:][:n] {
					truth.Pix[k] = byte(v) // 1, as VisA has it
				}
				if !slices.Contains(truth.Pix, 1) {
					truth = nil
				} else if err := ofDefective.Add(m, truth); err != nil {
					t.Fatal(err)
				}
				if err := all.Add(m, truth); err != nil {
					t.Fatal(err)
				}
			}
			if normal, defective, regions := all.Count(); normal != want.Normal || defective != want.Anomalous || regions != len(want.Regions) {
				t.Errorf("%d and %d pixels, %d regions, want %d, %d, %d", normal, defective, regions, want.Normal, want.Anomalous, len(want.Regions))
			}
			judge{all.AUROC, all.AveragePrecision, all.F1Max}.compare(t, want)
			for limit, text := range map[float64]string{0.05: "0.05", 0.3: "0.3", 1: "1"} {
				got, err := all.AUPRO(limit)
				if err != nil {
					t.Fatal(err)
				}
				near(t, "AUPRO up to "+text, got, want.AUPRO[text])
			}
			auroc, err := ofDefective.AUROC()
			if err != nil {
				t.Fatal(err)
			}
			near(t, "AUROC of defective pictures", auroc, want.OfDefectiveAUROC)
		})
	}
}
