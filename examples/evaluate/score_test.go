package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// score runs a command line.
func score(t *testing.T, args ...string) error {
	t.Helper()
	var c commandLine
	if _, err := newParser(&c).Parse(append([]string{"score"}, args...)); err != nil {
		return err
	}
	return c.Score.run(t.Context())
}

// fittedFile is the file of a PatchCore on the network that ships, which has learnt from one plate.
func fittedFile(t *testing.T, data string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "nut.safetensors")
	var c commandLine
	_, err := newParser(&c).Parse([]string{"fit", "--image", filepath.Join(data, "nut/train/good/000.png"), "--out", out})
	if err == nil {
		err = c.Fit.run(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestScore fits a detector and scores with it, and finds a spot.
func TestScore(t *testing.T) {
	data := drawn(t, map[string][3]int{"nut": {1, 3, 1}})
	detector, out := fittedFile(t, data), filepath.Join(t.TempDir(), "new", "scored")
	good, spot := filepath.Join(data, "nut/test/good"), filepath.Join(data, "nut/test/spot/000.png")
	args := []string{"--detector", detector, "--image", spot, filepath.Join(good, "000.png"), "--good", good}
	if err := score(t, append(args, "--out", out)...); err != nil {
		t.Fatal(err)
	}
	if got, want := clitest.Written(t, out), []string{"000-2-heat.png", "000-2.npy", "000-heat.png", "000.npy", "scores.json"}; !slices.Equal(got, want) {
		t.Fatalf("files %q, want %q", got, want)
	}
	var r ScoreReport
	if err := json.Unmarshal([]byte(read(t, out, "scores.json")), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Pictures) != 2 || r.Threshold == nil || r.Heat == nil || r.Detector.Kind != "patchcore" || len(r.Detector.SHA256) != 64 {
		t.Fatalf("%+v", r)
	}
	normal, defective := r.Pictures[0], r.Pictures[1]
	if normal.Score > r.Threshold.Score || *normal.Defective || defective.Score <= r.Threshold.Score || !*defective.Defective || !strings.HasSuffix(defective.Picture, "spot/000.png") {
		t.Errorf("threshold %+v; %+v, %+v", *r.Threshold, normal, defective)
	}
	if n := len(read(t, out, defective.Map)); n != 128+4*40*30 {
		t.Errorf("a map of %d bytes", n)
	}
	heat, err := images.Read(t.Context(), filepath.Join(out, defective.Heat))
	if err != nil || heat.Rect.Dx() != 40 || heat.Rect.Dy() != 30 {
		t.Errorf("heat picture: %v, %v", heat.Rect, err)
	}
	wantError(t, score(t, append(args, "--out", out)...), out+" is there")
}

// TestScoreMistakes leave nothing behind.
func TestScoreMistakes(t *testing.T) {
	data, dir := drawn(t, map[string][3]int{"nut": {1, 1, 0}}), t.TempDir()
	detector, picture := fittedFile(t, data), filepath.Join(data, "nut/test/good/000.png")
	cut, other := filepath.Join(t.TempDir(), "cut.png"), filepath.Join(t.TempDir(), "other.safetensors")
	if err := os.WriteFile(cut, []byte(read(t, picture)[:80]), 0o666); err != nil {
		t.Fatal(err)
	}
	whole := read(t, detector)
	if err := os.WriteFile(other, []byte(strings.Replace(whole, `SHA256\":\"d4`, `SHA256\":\"00`, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	weights := filepath.Join("..", "..", "testdata/models/a/unet/diffusion_pytorch_model.safetensors")
	for _, c := range []struct{ args, says []string }{
		{[]string{"--detector", detector, "--image", "nowhere.png"}, []string{"--image", "nowhere.png"}},
		{[]string{"--detector", detector, "--image", data}, []string{"--image", "no picture in the folder"}},
		{[]string{"--detector", detector, "--image", picture, "--image", cut}, []string{"cut.png"}},
		{[]string{"--detector", detector, "--image", picture, "--good", cut}, []string{"--good", "cut.png"}},
		{[]string{"--detector", "nowhere.safetensors", "--image", picture}, []string{"--detector", "nowhere.safetensors"}},
		{[]string{"--detector", picture, "--image", picture}, []string{"--detector", "000.png"}},
		{[]string{"--detector", weights, "--image", picture}, []string{"--detector", "it holds no detector"}},
		{[]string{"--detector", other, "--image", picture}, []string{"--detector", "do not come with the program", "--backbone FILE"}},
		{[]string{"--detector", detector, "--image", picture, "--backbone", weights}, []string{"--backbone"}},
		{[]string{"--detector", detector, "--image", picture, "--threshold", "1", "--good", picture}, []string{"--threshold and --good"}},
		{[]string{"--detector", detector, "--image", picture, "--threshold", "nan"}, []string{"--threshold is NaN"}},
		{[]string{"--detector", detector, "--image", picture, "--scale", "2,1"}, []string{"--scale is [2 1]"}},
		{[]string{"--detector", detector, "--image", picture, "--scale", "1"}, []string{"--scale is [1]"}},
	} {
		wantError(t, score(t, append(c.args, "--out", filepath.Join(dir, "scored"))...), c.says...)
	}
	wantError(t, score(t, "--detector", detector, "--image", picture, "--scale", "0,1"), "--out DIR")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
}

// TestScoreNames has a file of its own for each picture, also where a disk does not tell capitals apart.
func TestScoreNames(t *testing.T) {
	paths := []string{"a/000.png", "b/000.jpg", "b/000-2.png", "c/A.png", "d/a.png"}
	names := scoreNames(paths)
	var got []string
	for _, p := range paths {
		got = append(got, names[p])
	}
	if want := []string{"000", "000-2", "000-2-2", "A", "a-2"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestScoreFlagsNeedValues(t *testing.T) {
	clitest.NeedValues(t, newParser(new(commandLine)).Model, func(args []string) error {
		_, err := newParser(new(commandLine)).Parse(append([]string{"score", "--detector", "x", "--image", "x"}, args...))
		return err
	})
}

// TestHeatScaleOfMaps: one map after another.
func TestHeatScaleOfMaps(t *testing.T) {
	s := heatScale{}.with(anomaly.Map{Values: []float32{3, 5}}, true).with(anomaly.Map{Values: []float32{2, 4}}, false)
	if s != (heatScale{2, 5}) {
		t.Errorf("%v, want 2 to 5", fmt.Sprint(s))
	}
}
