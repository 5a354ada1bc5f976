package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// fit runs a command line with the fake detector.
func fit(t *testing.T, args ...string) error {
	t.Helper()
	var c commandLine
	if _, err := newParser(&c).Parse(append([]string{"fit"}, args...)); err != nil {
		return err
	}
	c.Fit.open = fake{}.open
	return c.Fit.run(t.Context())
}

// TestFit writes a detector that has learnt from a folder, from a file, and from generated pictures.
func TestFit(t *testing.T) {
	data, dir := drawn(t, map[string][3]int{"nut": {3, 0, 0}}), t.TempDir()
	good := filepath.Join(data, "nut/train/good")
	out := filepath.Join(dir, "nut.safetensors")
	if err := fit(t, "--image", good, "--out", out); err != nil {
		t.Fatal(err)
	}
	all := read(t, out)
	wantError(t, fit(t, "--image", good, "--out", out), out+" is there", "--overwrite")
	made := generatedSet(t, dataset.MVTec, 3)
	if err := fit(t, "--image", filepath.Join(good, "000.png"), "--generated", made, "--detector", "padim", "--out", out, "--overwrite"); err != nil {
		t.Fatal(err)
	}
	if one := read(t, out); one == all || one != "mean 0.41, 3 defects" {
		t.Errorf("the detector of one picture and 3 defects: %s; of three pictures: %s", one, all)
	}
}

func TestFitMistakes(t *testing.T) {
	data, dir := drawn(t, map[string][3]int{"nut": {1, 0, 0}}), t.TempDir()
	good, out := filepath.Join(data, "nut/train/good"), filepath.Join(dir, "nut.safetensors")
	cut := filepath.Join(dir, "cut.png")
	if err := os.WriteFile(cut, []byte(read(t, good, "000.png")[:80]), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, says []string }{
		{[]string{"--image", "nowhere.png"}, []string{"--image", "nowhere.png"}},
		{[]string{"--image", data}, []string{"--image", "no picture in the folder"}},
		{[]string{"--image", good, "--detector", "probe"}, []string{"--generated DIR"}},
		{[]string{"--image", good, "--category", "nut"}, []string{"--category"}},
		{[]string{"--image", good, "--generated", data}, []string{"--generated", "nut has no pictures with defects"}},
		{[]string{"--image", good, "--generated", generatedSet(t, dataset.MVTec, 1), "--category", "bolt"}, []string{"no pictures of bolt, but of metal_nut"}},
		{[]string{"--image", good, "--network", "resnet18"}, []string{"--backbone"}},
		{[]string{"--image", cut}, []string{"cut.png"}},
	} {
		wantError(t, fit(t, append(c.args, "--out", out)...), c.says...)
	}
	remove(t, cut)
	if files := clitest.Written(t, dir); len(files) > 0 {
		t.Errorf("%q are left", files)
	}
}
