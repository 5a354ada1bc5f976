package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// generatedSet writes pictures of "metal nut" with a defect as anomalyany does, all made from one photograph.
func generatedSet(t *testing.T, l dataset.Layout, n int) string {
	t.Helper()
	mask := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range 200 {
		mask.Pix[i] = 255
	}
	entries := []dataset.Entry{dataset.NewEntry("metal nut", "photograph", anomaly.Sample{Picture: plate(100)})}
	for i := range n {
		entries = append(entries, dataset.NewEntry("metal nut", "photograph", anomaly.Sample{Picture: plate(50 + i), Mask: mask, Defect: "deep scratch"}))
	}
	dir := filepath.Join(t.TempDir(), string(l))
	if _, err := dataset.Write(t.Context(), dir, entries, dataset.Options{Layout: l, Train: 0.8}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestGenerated has each detector judged without and with what anomalyany writes, from the same references, and says
// the difference.
func TestGenerated(t *testing.T) {
	data := drawn(t, map[string][3]int{"metal_nut": {3, 3, 3}})
	for _, l := range []dataset.Layout{dataset.MVTec, dataset.Anomalib} {
		out := t.TempDir()
		if err := evaluate(t, fake{}, "--data", data, "--seeds", "0,1", "--generated", generatedSet(t, l, 4), "--detector", "padim,probe", "--out", out); err != nil {
			t.Fatal(err)
		}
		rows, err := readRows(filepath.Join(out, resultsName))
		if err != nil || len(rows) != 6 {
			t.Fatalf("%s: %d rows, %v, want 4 of padim and 2 of the probe", l, len(rows), err)
		}
		without, with := rows[0], rows[1]
		if without.Generated || without.Made != 0 || !with.Generated || with.Made != 4 || strings.Join(without.References, " ") != strings.Join(with.References, " ") {
			t.Errorf("%s: %+v and %+v", l, without.key, with.key)
		}
		table := read(t, out, "table.md")
		for _, text := range []string{"| without ", "| with ", "| difference ", "| +0.0 ± 0.0 "} {
			if !strings.Contains(table, text) {
				t.Errorf("%s: the table has no %q:\n%s", l, text, table)
			}
		}
	}
}

// TestWrittenIsRead judges a data set that anomalyany wrote.
func TestWrittenIsRead(t *testing.T) {
	dir, out := generatedSet(t, dataset.MVTec, 3), t.TempDir()
	write(t, filepath.Join(dir, "metal_nut/train/good/000.png"), plate(100))
	if err := evaluate(t, fake{}, "--data", dir, "--seeds", "0", "--out", out); err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(filepath.Join(out, resultsName))
	if err != nil || len(rows) != 1 || rows[0].Normal != 1 || rows[0].Defective != 3 || rows[0].Pixel == nil {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

// TestGeneratedOfEachRow: folders may be one for each category, seed and number of shots.
func TestGeneratedOfEachRow(t *testing.T) {
	data, root, out := drawn(t, map[string][3]int{"nut": {3, 1, 1}}), t.TempDir(), t.TempDir()
	for i, name := range []string{"nut-0-1", "nut-1-1", "nut-0-2", "nut-1-2"} {
		if err := os.Rename(generatedSet(t, dataset.MVTec, i+1), filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	pattern := filepath.Join(root, "{category}-{seed}-{shots}")
	if err := evaluate(t, fake{}, "--data", data, "--seeds", "0,1", "--shots", "1,2", "--generated", pattern, "--detector", "probe", "--out", out); err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(filepath.Join(out, resultsName))
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, r := range rows {
		if r.Made != i+1 {
			t.Errorf("%s: %d generated pictures, want %d", r.key, r.Made, i+1)
		}
	}
	d := drawn(t, map[string][3]int{"bolt": {1, 1, 1}})
	wantError(t, evaluate(t, fake{}, "--data", d, "--generated", filepath.Join(root, "nut-0-1"), "--out", t.TempDir()), "--generated", "no pictures of bolt, but of metal_nut")
}

// TestOfOthers counts the generated pictures of photographs that a row has not as references.
func TestOfOthers(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"nut": {2, 1, 1}}), t.TempDir()
	mask := image.NewGray(image.Rect(0, 0, 40, 30))
	mask.Pix[40] = 255
	var entries []dataset.Entry
	for i, n := range []int{1, 2} { // pictures of each of the normal ones
		source, err := files.Hash(filepath.Join(data, "nut/train/good", number(i)+".png"))
		if err != nil {
			t.Fatal(err)
		}
		for range n {
			entries = append(entries, dataset.NewEntry("nut", source, anomaly.Sample{Picture: plate(60), Mask: mask, Defect: "hole"}))
		}
	}
	made := filepath.Join(t.TempDir(), "made")
	if _, err := dataset.Write(t.Context(), made, entries, dataset.Options{Layout: dataset.MVTec}); err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string]int{"nut/train/good/000.png": 2, "nut/train/good/001.png": 1} {
		if err := evaluate(t, fake{}, "--data", data, "--references", reference, "--generated", made, "--detector", "probe", "--out", out, "--overwrite"); err != nil {
			t.Fatal(err)
		}
		rows, err := readRows(filepath.Join(out, resultsName))
		if err != nil || len(rows) != 1 || rows[0].Made != 3 || rows[0].Others == nil || *rows[0].Others != want {
			t.Fatalf("%s: %v, %+v, want %d of 3", reference, err, rows, want)
		}
		if table := read(t, out, "table.md"); !strings.Contains(table, "care: in 1 row some generated pictures") {
			t.Errorf("the table says nothing:\n%s", table)
		}
	}
}
