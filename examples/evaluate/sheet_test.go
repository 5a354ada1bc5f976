package main

import (
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestWorst orders pictures by how many of the other kind are on the wrong side of them.
func TestWorst(t *testing.T) {
	var scores []Score
	for i, v := range []float64{1, 2, 7, 3, 4, 5, 6} { // the first four are normal
		scores = append(scores, Score{string(rune('a' + i)), v, i >= 4})
	}
	got := worst(scores, 3)
	if got[0].Picture != "c" || got[0].share != 1 || got[0].rank != 1./8 {
		t.Errorf("the worst is %+v, want c, above all defective ones", got[0])
	}
	if got[1].Picture != "e" || got[1].share != 0.25 || got[2].Picture != "f" {
		t.Errorf("then %+v and %+v, want e and f, below one normal picture of four", got[1], got[2])
	}
	if says := got[1].says(); says != "defective, 4; 25% of normal ones above" {
		t.Error(says)
	}
	equal := worst([]Score{{"a", 1, false}, {"b", 1, true}}, 10)
	if len(equal) != 2 || equal[0].share != 0.5 || equal[1].share != 0.5 {
		t.Errorf("equal scores: %+v, want half", equal)
	}
	normal := worst([]Score{{"a", 1, false}, {"b", 2, false}}, 1)
	if normal[0].Picture != "b" || normal[0].share != 0 {
		t.Errorf("of normal pictures alone %+v, want the highest", normal[0])
	}
}

func TestSheets(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"nut": {5, 3, 9}}), t.TempDir()
	if err := evaluate(t, fake{plots: true}, "--data", data, "--shots", "1", "--seeds", "3,4", "--generated", data, "--out", out); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(out, sheetsName)
	if got, want := clitest.Written(t, dir), []string{"nut-patchcore-1-shot-generated.png", "nut-patchcore-1-shot.png"}; !slices.Equal(got, want) {
		t.Fatalf("sheets %q, want %q, of the first seed", got, want)
	}
	sheet, err := images.Read(t.Context(), filepath.Join(dir, "nut-patchcore-1-shot.png"))
	if err != nil {
		t.Fatal(err)
	}
	if size := sheet.Rect.Size(); size.X < 6*40 || size.Y < 5*30 {
		t.Errorf("a sheet of %v, want two columns of five", size)
	}
	if dir := os.Getenv("SDGRAPH_KEEP"); dir != "" { // to look at it
		if err := images.WritePNG(filepath.Join(dir, "sheet.png"), sheet); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHeatScale(t *testing.T) {
	m := anomaly.Map{Values: []float32{-2, 0, 2, 6}, Width: 4, Height: 1}
	s := scaleOf(m, anomaly.Map{Values: []float32{8}, Width: 1, Height: 1})
	if s != (heatScale{-2, 8}) {
		t.Errorf("scale %v, want -2 to 8", s)
	}
	picture := image.NewRGBA(image.Rect(0, 0, 4, 1))
	got, err := (heatScale{-2, 6}).over(picture, m)
	if err != nil {
		t.Fatal(err)
	}
	want, err := images.HeatMap(picture, []float32{0, 0.25, 0.5, 1})
	if err != nil || !slices.Equal(got.Pix, want.Pix) {
		t.Errorf("%v, %v; want %v", got.Pix, err, want.Pix)
	}
	if flat, err := (heatScale{1, 1}).over(picture, m); err != nil || flat.Pix[0] != flat.Pix[12] {
		t.Errorf("a scale without length: %v, %v; want all black", flat.Pix, err)
	}
}

// TestNPY has the bytes that NumPy writes: numpy.save of numpy.array([[1, 2, 3], [-1, 0.5, 0]], "float32").
func TestNPY(t *testing.T) {
	got := encodeNPY(anomaly.Map{Values: []float32{1, 2, 3, -1, 0.5, 0}, Width: 3, Height: 2})
	head := "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
	if len(got) != 128+24 || string(got[:len(head)]) != head || got[127] != '\n' || string(got[128:136]) != "\x00\x00\x80\x3f\x00\x00\x00\x40" {
		t.Errorf("%q", got)
	}
}
