package main

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
)

// plottedRows are rows of several detectors with curves of their own.
func plottedRows() (rows []*Row) {
	for i, name := range detectorNames {
		for _, k := range []shots{1, 8} {
			for seed := range uint32(3) {
				for _, generated := range []bool{false, true} {
					bend := 2 + float64(i) + float64(k)/4 + float64(seed)/5
					if generated {
						bend++
					}
					var c Curves
					for x := 0.0; x <= 1; x += 1. / 64 {
						c.ROC = append(c.ROC, Point{coordinate(x), coordinate(1 - math.Pow(1-x, bend))})
					}
					c.PixelROC, c.PRO = c.ROC, c.ROC
					r := &Row{key: key{"tile", name, k, seed, generated}, Curves: c, Picture: &PictureFigures{AUROC: bend / (1 + bend)}, Pixel: &PixelFigures{AUROC: bend / (1 + bend), AUPRO30: 0.5}}
					rows = append(rows, r)
				}
			}
		}
	}
	return rows
}

func TestPlots(t *testing.T) {
	rows := plottedRows()
	drawn, err := plots("plots", summarize(rows), rows)
	if err != nil {
		t.Fatal(err)
	}
	again, err := plots("plots", summarize(rows), rows)
	if err != nil {
		t.Fatal(err)
	}
	if len(drawn) != 6 {
		t.Fatalf("%d files, want roc, pixel-roc and pro as PNG and SVG", len(drawn))
	}
	for i, f := range drawn {
		if !bytes.Equal(f.Data, again[i].Data) {
			t.Errorf("%s is another one the second time", f.Path)
		}
		if dir := os.Getenv("SDGRAPH_KEEP"); dir != "" { // to look at them
			if err := os.WriteFile(filepath.Join(dir, filepath.Base(f.Path)), f.Data, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasSuffix(f.Path, ".svg") {
			for _, text := range []string{", 8-shot", "patchcore + generated: ", "probe: "} {
				if !strings.Contains(string(f.Data), text) {
					t.Errorf("%s does not say %q", f.Path, text)
				}
			}
			continue
		}
		if m, err := png.Decode(bytes.NewReader(f.Data)); err != nil || m.Bounds().Dx() < 2*m.Bounds().Dy()-1 {
			t.Errorf("%s: %v, want two panels side by side", f.Path, err)
		}
	}
	for _, r := range rows {
		r.Curves.ROC = nil // as where there are no normal pictures
	}
	if drawn, err = plots("plots", summarize(rows), rows); err != nil || len(drawn) != 4 {
		t.Errorf("%d files, %v; want those of pixels alone", len(drawn), err)
	}
}

// TestMeanCurve has the area under the mean be the mean of the areas, with upright pieces too.
func TestMeanCurve(t *testing.T) {
	score, defective := []float64{1, 2, 3, 4, 5, 5, 6, 7}, []bool{false, true, false, false, true, true, false, true}
	roc, err := metric.ROC(score, defective)
	if err != nil {
		t.Fatal(err)
	}
	area, err := metric.AUROC(score, defective)
	if err != nil {
		t.Fatal(err)
	}
	steps := thin(roc, 1)
	diagonal := []Point{{0, 0}, {1, 1}}
	mean, sum := meanCurve([][]Point{steps, diagonal}, 1), 0.0
	for i := 1; i < len(mean); i++ {
		sum += (mean[i].X - mean[i-1].X) * (mean[i].Y + mean[i-1].Y) / 2
	}
	if want := (area + 0.5) / 2; math.Abs(sum-want) > 2e-3 {
		t.Errorf("area %v, want %v", sum, want)
	}
	if first, last := mean[0], mean[len(mean)-1]; first.X != 0 || first.Y != 0 || last.X != 1 || last.Y != 1 {
		t.Errorf("from %v to %v, want from 0, 0 to 1, 1", first, last)
	}
	if h := height([]Point{{0, 0}, {0, 0.5}, {0.2, 0.7}}, 0); h != 0.5 {
		t.Errorf("at 0 it is %v high, want the upper end, 0.5", h)
	}
	if h := height([]Point{{0, 0}, {0.2, 0.7}}, 0.3); h != 0.7 {
		t.Errorf("beyond its end it is %v high, want 0.7", h)
	}
}
