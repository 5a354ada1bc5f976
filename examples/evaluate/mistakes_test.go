package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// TestMistakes has an error for each that says what would be right, and no row.
func TestMistakes(t *testing.T) {
	one := map[string][3]int{"nut": {2, 1, 2}}
	for _, c := range []struct {
		name  string
		spoil func(dir string) // the data set
		args  []string
		spot  func(anomaly.Map)
		says  []string
	}{
		{"no masks", func(dir string) { remove(t, dir, "nut/ground_truth") }, nil, nil, []string{"nut/test/spot/000.png", "has no mask", "000_mask.png"}},
		{"one mask is missing", func(dir string) { remove(t, dir, "nut/ground_truth/spot/001_mask.png") }, nil, nil, []string{"nut/test/spot/001.png has no mask"}},
		{"a mask of another size", func(dir string) {
			write(t, filepath.Join(dir, "nut/ground_truth/spot/001_mask.png"), image.NewGray(image.Rect(0, 0, 40, 31)))
		}, nil, nil, []string{"001_mask.png has 40×31 pixels", "40×30 of its picture nut/test/spot/001.png"}},
		{"a picture that is cut short", func(dir string) {
			path := filepath.Join(dir, "nut/test/spot/001.png")
			if err := os.Truncate(path, int64(len(read(t, path))/2)); err != nil {
				t.Fatal(err)
			}
		}, nil, nil, []string{"nut/test/spot/001.png"}},
		{"a reference that is cut short", func(dir string) {
			for _, name := range []string{"000", "001"} {
				if err := os.Truncate(filepath.Join(dir, "nut/train/good", name+".png"), 60); err != nil {
					t.Fatal(err)
				}
			}
		}, nil, nil, []string{"nut/train/good/00"}},
		{"NaN in a map", nil, nil, func(m anomaly.Map) { m.Values[45] = float32(math.NaN()) }, []string{"nut/test/good/000.png", "the map is NaN at pixel 5, 1", "want finite numbers"}},
		{"more shots than pictures", nil, []string{"--shots", "3"}, nil, []string{"nut has 2 normal pictures for training", "--shots asks for 3", "--categories"}},
		{"no references", func(dir string) {
			remove(t, dir, "nut/train/good/000.png")
			remove(t, dir, "nut/train/good/001.png")
		}, nil, nil, []string{"nut has no normal pictures for training", "--categories"}},
		{"no train/good", func(dir string) { remove(t, dir, "nut/train") }, nil, nil, []string{"no category is here", "train/good"}},
		{"no test pictures", func(dir string) { remove(t, dir, "nut/test") }, nil, nil, []string{"no pictures for testing"}},
		{"a reference of the test pictures", nil, []string{"--references", "nut/test/good/000.png"}, nil, []string{"--references", "no normal picture for training", "nut/train/good/000.png"}},
		{"no such category", nil, []string{"--categories", "not"}, nil, []string{"--categories", `did you mean "nut"?`}},
		{"no such detector", nil, []string{"--detector", "patchcor"}, nil, []string{"--detector", `did you mean "patchcore"?`}},
		{"a detector twice", nil, []string{"--detector", "padim,padim"}, nil, []string{"--detector has padim twice"}},
		{"a probe that cannot learn", nil, []string{"--detector", "probe"}, nil, []string{"--generated DIR"}},
		{"a network without weights", nil, []string{"--network", "resnet18"}, nil, []string{"--network resnet18", "--backbone FILE"}},
		{"no resolution", nil, []string{"--resolution", "8"}, nil, []string{"--resolution", "native, method, or a number"}},
		{"no shots", nil, []string{"--shots", "0"}, nil, []string{"--shots", "or all"}},
		{"a coreset of nothing", nil, []string{"--coreset", "0"}, nil, []string{"--coreset is 0"}},
		{"a negative seed", nil, []string{"--seeds", "-1"}, nil, []string{"--seeds"}},
		{"no data set", nil, []string{"--layout", "btad"}, nil, []string{"--layout btad", "train/ok"}},
		{"no generated pictures", nil, []string{"--generated", "nowhere"}, nil, []string{"--generated nowhere"}},
	} {
		data, out := drawn(t, one), filepath.Join(t.TempDir(), "out")
		if c.spoil != nil {
			c.spoil(data)
		}
		err := evaluate(t, fake{spot: c.spot}, append([]string{"--data", data, "--seeds", "0", "--out", out}, c.args...)...)
		t.Run(c.name, func(t *testing.T) { wantError(t, err, c.says...) })
		if files := clitest.Written(t, out); len(files) > 0 {
			t.Errorf("%s: %q are left", c.name, files)
		}
	}
}

func remove(t *testing.T, parts ...string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(parts...)); err != nil {
		t.Fatal(err)
	}
}

// TestRowsBeforeAMistake stay, and the rest is made once it is put right.
func TestRowsBeforeAMistake(t *testing.T) {
	data, out := drawn(t, two), t.TempDir()
	spoilt := filepath.Join(data, "nut/test/good/001.png")
	whole := read(t, spoilt)
	args := []string{"--data", data, "--seeds", "0", "--out", out}
	if err := os.WriteFile(spoilt, []byte(whole[:100]), 0o666); err != nil {
		t.Fatal(err)
	}
	made := 0
	wantError(t, evaluate(t, fake{made: &made}, args...), "nut, patchcore, 1-shot, seed 0", "nut/test/good/001.png")
	if got := strings.Join(clitest.Written(t, out), " "); got != resultsName || strings.Count(read(t, out, resultsName), "\n") != 1 {
		t.Errorf("%s are left, want the row of bolt in %s", got, resultsName)
	}
	if err := os.WriteFile(spoilt, []byte(whole), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := evaluate(t, fake{made: &made}, args...); err != nil || made != 3 {
		t.Errorf("%d rows were begun, %v, want bolt once and nut twice", made, err)
	}
}

// TestPassedOver: a folder without train/good is no category, and without normal pictures for testing there are no
// figures of pictures.
func TestPassedOver(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"bolt": {2, 0, 3}, "nut": {2, 2, 3}, "other": {1, 1, 1}}), t.TempDir()
	remove(t, data, "other/train")
	if err := evaluate(t, fake{}, "--data", data, "--seeds", "0,1", "--out", out); err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(filepath.Join(out, resultsName))
	if err != nil || len(rows) != 4 || rows[0].Picture != nil || rows[0].Pixel == nil || rows[2].Picture == nil {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	table := read(t, out, "table.md")
	bolt := ""
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "| bolt") {
			bolt = line
		}
	}
	if strings.Count(bolt, "| – ") != 3 || !strings.Contains(table, "2 categories; of pictures over 1,") || strings.Contains(table, "| other") {
		t.Errorf("the table:\n%s", table)
	}
}

// TestMasks: 1, 8 and 16 bits, palettes and colours mark the same pixels, whatever their values but 0.
func TestMasks(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"nut": {1, 1, 5}}), t.TempDir()
	for i, put := range []func(b image.Rectangle) (image.Image, func(x, y int)){
		func(b image.Rectangle) (image.Image, func(x, y int)) {
			m := image.NewGray(b)
			return m, func(x, y int) { m.SetGray(x, y, color.Gray{Y: 1}) }
		},
		func(b image.Rectangle) (image.Image, func(x, y int)) {
			m := image.NewGray16(b)
			return m, func(x, y int) { m.SetGray16(x, y, color.Gray16{Y: 1}) }
		},
		func(b image.Rectangle) (image.Image, func(x, y int)) {
			m := image.NewPaletted(b, color.Palette{color.White, color.Black})
			return m, func(x, y int) { m.SetColorIndex(x, y, 1) }
		},
		func(b image.Rectangle) (image.Image, func(x, y int)) {
			m := image.NewPaletted(b, color.Palette{color.Black, color.Gray{Y: 3}, color.White})
			return m, func(x, y int) { m.SetColorIndex(x, y, 1) }
		},
		func(b image.Rectangle) (image.Image, func(x, y int)) {
			m := image.NewNRGBA(b)
			for i := 3; i < len(m.Pix); i += 4 {
				m.Pix[i] = 255
			}
			return m, func(x, y int) { m.SetNRGBA(x, y, color.NRGBA{B: 1, A: 255}) }
		},
	} {
		m, mark := put(image.Rect(0, 0, 40, 30))
		for y := 6; y < 15; y++ {
			for x := 5 + i; x < 12+i; x++ {
				mark(x, y)
			}
		}
		write(t, filepath.Join(data, "nut/ground_truth/spot", number(i)+"_mask.png"), m)
	}
	same := drawn(t, map[string][3]int{"nut": {1, 1, 5}})
	for dir, to := range map[string]string{data: filepath.Join(out, "a"), same: filepath.Join(out, "b")} {
		if err := evaluate(t, fake{}, "--data", dir, "--seeds", "0", "--out", to); err != nil {
			t.Fatal(err)
		}
	}
	a, err1 := readRows(filepath.Join(out, "a", resultsName))
	b, err2 := readRows(filepath.Join(out, "b", resultsName))
	if err1 != nil || err2 != nil || *a[0].Pixel != *b[0].Pixel || a[0].Regions != 5 || a[0].Empty != 0 {
		t.Errorf("%v, %v: %+v, want %+v", err1, err2, a[0].Pixel, b[0].Pixel)
	}
}

// TestSortedOtherwise: pictures and masks belong together by their names, however these sort.
func TestSortedOtherwise(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"nut": {1, 1, 3}}), t.TempDir()
	want := drawn(t, map[string][3]int{"nut": {1, 1, 3}})
	for i, name := range []string{"2", "10", "1"} {
		for from, to := range map[string]string{"nut/test/spot/" + number(i) + ".png": "nut/test/spot/" + name + ".png", "nut/ground_truth/spot/" + number(i) + "_mask.png": "nut/ground_truth/spot/" + name + "_mask.png"} {
			if err := os.Rename(filepath.Join(data, from), filepath.Join(data, to)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for dir, to := range map[string]string{data: filepath.Join(out, "a"), want: filepath.Join(out, "b")} {
		if err := evaluate(t, fake{}, "--data", dir, "--seeds", "0", "--out", to); err != nil {
			t.Fatal(err)
		}
	}
	a, err1 := readRows(filepath.Join(out, "a", resultsName))
	b, err2 := readRows(filepath.Join(out, "b", resultsName))
	if err1 != nil || err2 != nil || *a[0].Pixel != *b[0].Pixel || *a[0].Picture != *b[0].Picture {
		t.Errorf("%v, %v: %+v, want %+v", err1, err2, a[0].Pixel, b[0].Pixel)
	}
}

// TestOthersFiles are not overwritten, nor are rows of other options without --overwrite.
func TestOthersFiles(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"nut": {2, 1, 1}}), t.TempDir()
	args := []string{"--data", data, "--seeds", "0", "--out", out}
	table := filepath.Join(out, "table.md")
	if err := os.WriteFile(table, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	wantError(t, evaluate(t, fake{}, args...), table, "not known to be of this program")
	remove(t, table)
	rows := filepath.Join(out, resultsName)
	if err := os.WriteFile(rows, []byte("mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	wantError(t, evaluate(t, fake{}, args...), rows, "no row of this program")
	remove(t, rows)
	if err := evaluate(t, fake{}, args...); err != nil {
		t.Fatal(err)
	}
	wantError(t, evaluate(t, fake{}, append(args, "--resolution", "16")...), "nut, patchcore, 1-shot, seed 0", "--resolution was native", "--overwrite")
	if err := evaluate(t, fake{}, append(args, "--resolution", "16", "--overwrite")...); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, plate(90)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "nut/train/good/002.png"), b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	wantError(t, evaluate(t, fake{}, append(args, "--resolution", "16")...), "--data was the pictures")
}
