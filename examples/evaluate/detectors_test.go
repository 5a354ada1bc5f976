package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

// TestWords has the detectors that are told in words, and AnomalyDINO, look through a tiny CLIP and the network that comes
// with the program. PromptAD alone learns from generated pictures, and has a row without them beside it.
func TestWords(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"metal_nut": {2, 1, 2}}), t.TempDir()
	d, err := asked(t, "--data", data, "--detector", "winclip,promptad,anomalydino,subspace", "--clip", "../../testdata/models/b/clip",
		"--generated", generatedSet(t, dataset.MVTec, 2), "--side", "64", "--seeds", "0", "--out", out)
	if err != nil {
		t.Fatal(err)
	}
	d.plain = true
	if err := d.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, err := readRows(filepath.Join(out, resultsName))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, r := range rows {
		got[r.Detector]++
		through := "efficientnet_lite0 "
		if detectorOf(r.Detector).words {
			through = "clip "
		}
		if !strings.HasPrefix(r.Options["--network"], through) {
			t.Errorf("%s looks through %q", r.key, r.Options["--network"])
		}
	}
	if diff := cmp.Diff(map[string]int{"winclip": 1, "promptad": 2, "anomalydino": 1, "subspace": 1}, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	table, err := os.ReadFile(filepath.Join(out, "table.md"))
	if err != nil || !strings.Contains(string(table), "promptad+generated") {
		t.Errorf("%s\n%v", table, err)
	}
}

// TestForegroundOf passes over the ground where AnomalyDINO's authors do, or where it is asked for.
func TestForegroundOf(t *testing.T) {
	for _, c := range []struct {
		flag              []string
		network, category string
		want              bool
	}{
		{[]string{"auto"}, "dinov2_vits14", "screw", true}, {[]string{"auto"}, "dinov2_vits14", "cable", false}, {[]string{"none"}, "dinov2_vits14", "screw", false},
		{[]string{"auto"}, "lite0", "screw", false}, {[]string{"cable", "nut"}, "lite0", "nut", true},
	} {
		if n := (&Networked{Foreground: c.flag, Network: c.network}); n.passesOver(c.category) != c.want {
			t.Errorf("%q of %s, %s: want %v", c.flag, c.network, c.category, c.want)
		}
	}
}

// TestSlices draws references as AnomalyDINO's code does, and no others where there are too few.
func TestSlices(t *testing.T) {
	data := drawn(t, map[string][3]int{"nut": {6, 1, 1}})
	d, err := asked(t, "--data", data, "--out", t.TempDir(), "--draw", "slices", "--shots", "2", "--seeds", "2,0")
	if err != nil {
		t.Fatal(err)
	}
	_, categories, err := d.readData()
	if err != nil {
		t.Fatal(err)
	}
	all, err := d.draw(categories)
	if err != nil {
		t.Fatal(err)
	}
	train := categories[0].Train
	for i, from := range []int{4, 0} {
		if diff := cmp.Diff(picturesOf(train[from:][:2]), picturesOf(all[i].references)); diff != "" {
			t.Errorf("seed %d: %s", all[i].Seed, diff)
		}
	}
	d.Seeds = []uint32{3}
	_, err = d.draw(categories)
	wantError(t, err, "6 normal pictures", "seed 3")
	d.Seeds = []uint32{1<<32 - 1}
	_, err = d.draw(categories)
	wantError(t, err, "6 normal pictures", "--seeds")
}

// TestOtherNetwork: weights of another architecture are an error that says so, and nothing is written.
func TestOtherNetwork(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"nut": {1, 1, 1}}), filepath.Join(t.TempDir(), "out")
	for _, c := range []struct{ args, says []string }{
		{[]string{"--network", "resnet18", "--backbone", lite0File}, []string{"--backbone", "efficientnet_lite0.safetensors", "ResNet"}},
		{[]string{"--network", "resnet18", "--backbone", "nowhere.safetensors"}, []string{"--backbone", "nowhere.safetensors"}},
		{[]string{"--detector", "winclip"}, []string{"--clip", "winclip"}},
		{[]string{"--detector", "winclip", "--clip", "../../testdata/openclip"}, []string{"tokenizer"}},
		{[]string{"--detector", "anomalydino", "--reading", "anomalib"}, []string{"--reading", "anomalydino has official only"}},
		{[]string{"--reading", "released"}, []string{"--reading", "patchcore"}},
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

// TestNetworksOfTheHub: a CLIP that is named as on the hub is fetched and looked through.
func TestNetworksOfTheHub(t *testing.T) {
	const dir = "../../testdata/models/a/clip"
	clitest.NewHub(t, map[string]string{"maker/clip": dir})
	n := Networked{Network: "lite0", Reading: "official", Clip: "maker/clip"}
	if _, err := openDetectors(t.Context(), n); err == nil || !strings.Contains(err.Error(), "--yes") {
		t.Errorf("nobody agreed: %v", err)
	}
	n.Yes = true
	fetched, err := openDetectors(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer fetched.close()
	n.Clip = dir
	here, err := openDetectors(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer here.close()
	_, hash, _ := strings.Cut(fetched.clip, " ")
	if _, want, _ := strings.Cut(here.clip, " "); hash != want || hash == "" {
		t.Errorf("looks through %q, want %q", fetched.clip, here.clip)
	}
}
