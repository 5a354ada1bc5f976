package main

import (
	"path/filepath"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

const lite0File = "../../nn/vision/lite0/efficientnet_lite0.safetensors"

// TestNetwork has each detector see spots on plates with the network that comes with the program.
func TestNetwork(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"metal_nut": {2, 1, 2}}), t.TempDir()
	d, err := asked(t, "--data", data, "--detector", "patchcore,padim,probe", "--generated", generatedSet(t, dataset.MVTec, 2), "--seeds", "0", "--out", out)
	if err != nil {
		t.Fatal(err)
	}
	d.plain = true
	if err := d.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(filepath.Join(out, resultsName))
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v, want one of the probe, and two of each other detector", len(rows), err)
	}
	for _, r := range rows {
		if r.Detector != "probe" && r.Pixel.AUROC < 0.8 {
			t.Errorf("%s: AUROC of pixels %.3f", r.key, r.Pixel.AUROC)
		}
	}
}

// TestOtherNetwork: weights of another architecture are an error that says so, and nothing is written.
func TestOtherNetwork(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"nut": {1, 1, 1}}), filepath.Join(t.TempDir(), "out")
	for _, c := range []struct{ args, says []string }{
		{[]string{"--network", "resnet18", "--backbone", lite0File}, []string{"--backbone", "efficientnet_lite0.safetensors", "ResNet"}},
		{[]string{"--network", "resnet18", "--backbone", "nowhere.safetensors"}, []string{"--backbone", "nowhere.safetensors"}},
		{[]string{"--network", "wide_resnet50_2", "--backbone", filepath.Join(data, "nut/train/good/000.png")}, []string{"--backbone", "000.png"}},
	} {
		d, err := asked(t, append([]string{"--data", data, "--out", out}, c.args...)...)
		if err == nil {
			err = d.run(t.Context())
		}
		wantError(t, err, c.says...)
	}
	if files := clitest.Written(t, out); len(files) > 0 {
		t.Errorf("%q are left", files)
	}
}
