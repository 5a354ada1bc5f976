package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestMain lets the test binary be the program, with a detector of tests in the place of those on networks.
func TestMain(m *testing.M) {
	clitest.Main(m, func() {
		switch os.Getenv(withFake) {
		case "fast":
			defaultOpener = fake{}.open
		case "slow": // from the third row on, it waits for the end
			defaultOpener = fake{made: new(int), waits: 3}.open
		}
		main()
	})
}

// withFake is the environment variable that has a program of tests use the fake detector.
const withFake = "SDGRAPH_TEST_DETECTOR"

// fake opens detectors that know no network: a picture is as anomalous as its darkest or lightest place is far from the
// references' mean.
type fake struct {
	made  *int                // how many there were, if not nil
	plots bool                // curves are drawn, too
	spot  func(m anomaly.Map) // done to maps, if not nil
	waits int                 // the first one that does not fit, but waits for the end of its context; 0 for none
}

func (f fake) open(context.Context, Networked) (detectors, error) {
	return detectors{network: "none", make: func(k key) (anomaly.Detector, error) {
		if f.made != nil {
			*f.made++
		}
		return &distance{fake: f, weight: 1 + float64(len(k.Detector))}, nil
	}, save: func(path string, d anomaly.Detector) error {
		return files.Write(path, fmt.Appendf(nil, "mean %.2f, %d defects", d.(*distance).mean, d.(*distance).generated))
	}, close: func() {}}, nil
}

type distance struct {
	fake
	mean, weight float64
	generated    int
}

func (d *distance) Fit(ctx context.Context, train anomaly.Samples) error {
	if d.waits > 0 && *d.made >= d.waits {
		fmt.Fprintln(os.Stderr, "the detector waits")
		<-ctx.Done()
	}
	sum, n := 0.0, 0
	d.generated = 0
	for s, err := range train {
		if err != nil {
			return err
		}
		if s.Defect != "" {
			d.generated++
			continue
		}
		for _, v := range images.Luminance(s.Picture) {
			sum, n = sum+float64(v), n+1
		}
	}
	if n == 0 {
		return errors.New("nothing to learn from")
	}
	d.mean = sum / float64(n)
	return ctx.Err()
}

func (d *distance) Detect(ctx context.Context, picture *image.RGBA) (anomaly.Detection, error) {
	m := anomaly.Map{Values: images.Luminance(picture), Width: picture.Rect.Dx(), Height: picture.Rect.Dy()}
	for i, v := range m.Values {
		m.Values[i] = float32(d.weight * math.Abs(float64(v)-d.mean) * (1 + 0.01*float64(d.generated)))
	}
	if d.spot != nil {
		d.spot(m)
	}
	return anomaly.Detection{Score: float64(m.Max()), Map: m}, ctx.Err()
}

// drawn writes a small data set in MVTec AD's layout: plates with dark spots, of as many normal pictures for training,
// normal ones for testing and defective ones a category.
func drawn(t *testing.T, categories map[string][3]int) string {
	t.Helper()
	dir := t.TempDir()
	for name, n := range categories {
		for i := range n[0] {
			write(t, filepath.Join(dir, name, "train/good", number(i)+".png"), plate(100+i))
		}
		for i := range n[1] {
			write(t, filepath.Join(dir, name, "test/good", number(i)+".png"), plate(110+i))
		}
		for i := range n[2] {
			p, mask := plate(100+i), image.NewGray(image.Rect(0, 0, 40, 30))
			spot := image.Rect(5+i, 6, 12+i, 15)
			draw.Draw(p, spot, image.NewUniform(color.Gray{Y: uint8(60 + 15*i)}), image.Point{}, draw.Src)
			draw.Draw(mask, spot, image.White, image.Point{}, draw.Src)
			write(t, filepath.Join(dir, name, "test/spot", number(i)+".png"), p)
			write(t, filepath.Join(dir, name, "ground_truth/spot", number(i)+"_mask.png"), mask)
		}
	}
	return dir
}

func number(i int) string { return fmt.Sprintf("%03d", i) }

// plate is a normal picture of a grey.
func plate(grey int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, 40, 30))
	for y := range 30 {
		for x := range 40 {
			m.Set(x, y, color.Gray{Y: uint8(grey + (x*7+y*5)%9)})
		}
	}
	return m
}

func write(t *testing.T, path string, m image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(png.Encode(f, m), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// asked is what a command line asks for.
func asked(t *testing.T, args ...string) (*Detection, error) {
	t.Helper()
	var c commandLine
	_, err := newParser(&c).Parse(append([]string{"detection"}, args...))
	return &c.Detection, err
}

// evaluate runs a command line with the fake detector.
func evaluate(t *testing.T, f fake, args ...string) error {
	t.Helper()
	d, err := asked(t, args...)
	if err != nil {
		return err
	}
	d.open, d.plain = f.open, !f.plots
	return d.run(t.Context())
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// wantError wants an error that says all of some texts.
func wantError(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", says)
		return
	}
	for _, text := range says {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q, want one with %q", err, text)
		}
	}
}

func TestFlagsNeedValues(t *testing.T) {
	clitest.NeedValues(t, newParser(new(commandLine)).Model, func(args []string) error {
		_, err := newParser(new(commandLine)).Parse(append([]string{"detection", "--data", "x"}, args...))
		return err
	})
}

var two = map[string][3]int{"bolt": {6, 4, 4}, "nut": {5, 3, 3}}

// TestDetection judges two detectors, and sees all of it in the tables.
func TestDetection(t *testing.T) {
	data, out := drawn(t, two), t.TempDir()
	if err := evaluate(t, fake{plots: true}, "--data", data, "--detector", "padim,patchcore", "--shots", "2", "--seeds", "0,1,2", "--out", out); err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(filepath.Join(out, resultsName))
	if err != nil || len(rows) != 12 {
		t.Fatalf("%d rows, %v, want 2 categories, 2 detectors, 3 seeds", len(rows), err)
	}
	r := rows[0]
	if r.Category != "bolt" || r.Detector != "patchcore" || r.Normal != 4 || r.Defective != 4 || r.Pixels != 8*40*30 || r.Regions != 4 || len(r.References) != 2 || len(r.Scores) != 8 {
		t.Errorf("row %+v", r)
	}
	if r.Picture == nil || r.Pixel == nil || r.Picture.AUROC < 0.5 || r.Pixel.AUPRO30 < 0.5 || len(r.Curves.PRO) < 2 {
		t.Errorf("figures %+v, %+v, %d points", r.Picture, r.Pixel, len(r.Curves.PRO))
	}
	if got := len(clitest.Written(t, filepath.Join(out, "plots"))); got != 6 {
		t.Errorf("%d plots, want three kinds as PNG and SVG", got)
	}
	table := read(t, out, "table.md")
	for _, text := range []string{"| patchcore ", "| padim ", "| bolt ", "| nut ", "± ", "native", "Go's", "reading: official", "bolt, 2-shot, seed 1: references 0"} {
		if !strings.Contains(table, text) {
			t.Errorf("the table has no %q:\n%s", text, table)
		}
	}
}

// TestSameReferences: all detectors learn from the same ones, others for another seed, and those of fewer shots are
// among those of more.
func TestSameReferences(t *testing.T) {
	data, out := drawn(t, two), t.TempDir()
	if err := evaluate(t, fake{}, "--data", data, "--detector", "padim,patchcore", "--shots", "1,3", "--seeds", "0,1", "--out", out); err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(filepath.Join(out, resultsName))
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}
	for _, r := range rows {
		is := strings.Join(r.References, " ")
		id := fmt.Sprintf("%s%d%s", r.Category, r.Seed, r.Shots)
		if was, ok := of[id]; ok && was != is {
			t.Errorf("%s: %s, and %s", r.key, is, was)
		}
		of[id] = is
	}
	if of["bolt01"] == of["bolt11"] && of["nut01"] == of["nut11"] {
		t.Error("another seed draws the same references")
	}
	for _, id := range []string{"bolt0", "bolt1", "nut0", "nut1"} {
		if !strings.HasPrefix(of[id+"3"], of[id+"1"]) {
			t.Errorf("%s: 1-shot has %s, 3-shot %s", id, of[id+"1"], of[id+"3"])
		}
	}
}

// TestPermutation is NumPy's.
func TestPermutation(t *testing.T) {
	if got, want := fmt.Sprint(permutation(2020, 7)), "[5 4 1 2 3 6 0]"; got != want {
		t.Errorf("seed 2020: %s, want %s", got, want)
	}
	got := permutation(2020, 57)
	for i, want := range []int{37, 36, 33, 47, 25, 43, 12, 31, 50, 13} {
		if got[i] != want {
			t.Fatalf("seed 2020 of 57: %v", got)
		}
	}
	if len(permutation(0, 0)) != 0 || permutation(3, 1)[0] != 0 {
		t.Error("nothing, and one")
	}
}

// TestInterrupted: a run that is stopped and begun again has the table of one that was not, and computes no row twice.
func TestInterrupted(t *testing.T) {
	data, whole, parts := drawn(t, two), t.TempDir(), t.TempDir()
	args := []string{"--data", data, "--detector", "padim", "--shots", "1", "--seeds", "0,1", "--out"}
	made := 0
	if err := evaluate(t, fake{made: &made}, append(args, whole)...); err != nil || made != 4 {
		t.Fatalf("%d rows, %v", made, err)
	}
	for i := 1; ; i++ {
		made = 0
		stopped := errors.New("stopped")
		err := func() (err error) {
			defer func() {
				if v := recover(); v != nil {
					err = v.(error)
				}
				files.Changed = nil
			}()
			files.Changed = func(string) { panic(stopped) }
			return evaluate(t, fake{made: &made}, append(args, parts)...)
		}()
		if made > 1 {
			t.Fatalf("run %d: %d rows were begun", i, made)
		}
		if made == 0 {
			break
		}
		if i > 4 || !errors.Is(err, stopped) {
			t.Fatalf("run %d: %v", i, err)
		}
	}
	if err := evaluate(t, fake{made: &made}, append(args, parts)...); err != nil || made > 0 {
		t.Fatalf("%d rows were computed again, %v", made, err)
	}
	for _, name := range []string{"table.md", "results.json"} {
		if a, b := read(t, whole, name), read(t, parts, name); a != b {
			t.Errorf("%s differs:\n%s\n%s", name, a, b)
		}
	}
}

// TestMaps writes what a detector sees, also of rows that were made without.
func TestMaps(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"nut": {2, 1, 1}}), t.TempDir()
	args := []string{"--data", data, "--seeds", "0", "--out", out}
	made := 0
	for i, maps := range [][]string{nil, {"--maps"}, {"--maps"}, nil} {
		if err := evaluate(t, fake{made: &made}, append(args, maps...)...); err != nil {
			t.Fatal(err)
		}
		if want := min(i, 1) + 1; made != want {
			t.Errorf("run %d: %d rows were computed so far, want %d", i, made, want)
		}
	}
	for _, name := range []string{"good", "spot"} {
		if got := len(read(t, out, "maps/patchcore-1-shot-seed-0/nut/test", name, "000.png.npy")); got != 128+4*40*30 {
			t.Errorf("%s has %d bytes", name, got)
		}
	}
}

// TestLayouts judges a small tree of each layout.
func TestLayouts(t *testing.T) {
	trees, out := "../../diffusion/anomaly/dataset/testdata/trees", t.TempDir()
	for tree, layout := range map[string]string{"mvtec_ad": "mvtec", "visa": "visa", "visa_pytorch": "visa", "btad": "btad", "mpdd": "mpdd", "folder": "folder"} {
		dir := filepath.Join(out, tree)
		if err := evaluate(t, fake{}, "--data", filepath.Join(trees, tree), "--layout", layout, "--shots", "all", "--out", dir); err != nil {
			t.Errorf("%s: %v", tree, err)
			continue
		}
		rows, err := readRows(filepath.Join(dir, resultsName))
		if err != nil || len(rows) != 1 || rows[0].Pixel == nil || rows[0].Defective == 0 {
			t.Errorf("%s: %d rows, %v", tree, len(rows), err)
		}
	}
}
