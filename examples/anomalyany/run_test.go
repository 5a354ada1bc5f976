package main

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
)

const modelA = "../../testdata/models/a"

// writePicture draws a disc on a plain ground and saves it in the format of the
// name's ending.
func writePicture(t *testing.T, name string, width, height int) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, color.RGBA{120, 90, 60, 255})
			if dx, dy := x-width/2, y-height/2; dx*dx+dy*dy < height*height/9 {
				m.Set(x, y, color.RGBA{180, uint8(90 + x%100), 90, 255})
			}
		}
	}
	return save(t, name, m)
}

// writeMask draws white over a part of black, in shares of width and height.
func writeMask(t *testing.T, width, height int, x0, y0, x1, y1 float64) string {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			if fx, fy := float64(x)/float64(width), float64(y)/float64(height); fx >= x0 && fx < x1 && fy >= y0 && fy < y1 {
				m.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	return save(t, "mask.png", m)
}

func save(t *testing.T, name string, m image.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(name) == ".jpg" {
		err = jpeg.Encode(f, m, nil)
	} else {
		err = png.Encode(f, m)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// small is the Spec of a short run of the tiny model, as kong would leave it.
func small(t *testing.T) Spec {
	t.Helper()
	return Spec{
		Model: modelA, Photographs: Photographs{Image: writePicture(t, "nut.png", 150, 100)}, Object: "hazelnut", Anomaly: []string{"crack"}, Articles: "fitting", Preset: "paper",
		N: 1, Size: 64, Steps: 4, Gamma: 0.25, Guidance: 7.5, Lambda: 20, Mu: 1, EtaE: 0.02, Refine: anomalyany.Auto, MapFactor: 4, Memory: anomalyany.Auto,
		Out:    filepath.Join(t.TempDir(), "out"),
		Series: Series{MinFocus: -1, MinConfidence: -1, MaxArea: 100, MaxOutside: 100, MinPart: -2, MinSees: -2, MinClip: -2, MinGain: -4}, // random weights: all pass
	}
}

// runAll runs the program and returns the names of what it wrote.
func runAll(t *testing.T, f Spec) []string {
	t.Helper()
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return clitest.Written(t, f.Out)
}

func readPicture(t *testing.T, f Spec, name string) *image.RGBA {
	t.Helper()
	m, err := images.Read(t.Context(), filepath.Join(f.Out, name))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readRecord(t *testing.T, f Spec, name string) (r record) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(f.Out, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFiles makes two pictures of a JPEG photograph with a mask, and looks at
// every file.
func TestFiles(t *testing.T) {
	f := small(t)
	f.Image, f.Mask = writePicture(t, "nut.jpg", 300, 200), writeMask(t, 300, 200, 0.5, 0, 1, 1)
	f.Size, f.Seed, f.N, f.Detail = 128, 41, 2, "a deep <crack> across the hazelnut"
	var want []string
	for _, stem := range []string{"hazelnut-crack-0041", "hazelnut-crack-0042"} {
		want = append(want, stem+"-heat.png", stem+"-mask.png", stem+".json", stem+".png")
	}
	rest := []string{"index.html", "index.json"}
	got := runAll(t, f)
	if n := len(got); n == 0 || !strings.HasPrefix(got[n-1], "photograph-") || !strings.HasSuffix(got[n-1], "-192x128.png") {
		t.Fatalf("the photograph is not among %v", got)
	}
	if diff := cmp.Diff(append(slices.Clone(want), rest...), got[:len(got)-1]); diff != "" {
		t.Fatalf("files: want -, got +:\n%s", diff)
	}
	if cmp.Equal(readPicture(t, f, "hazelnut-crack-0041.png").Pix, readPicture(t, f, "hazelnut-crack-0042.png").Pix) {
		t.Error("two seeds give one picture")
	}
	for _, name := range want {
		if filepath.Ext(name) == ".png" {
			if size := readPicture(t, f, name).Bounds().Size(); size != image.Pt(192, 128) {
				t.Errorf("%s is %v, want 192×128", name, size)
			}
		}
	}
	mask := readPicture(t, f, "hazelnut-crack-0041-mask.png")
	white := 0
	for i := 0; i < len(mask.Pix); i += 4 {
		switch v := mask.Pix[i]; {
		case v == 255 && i/4%192 < 96:
			t.Fatal("the mask has pixels where the picture must not change")
		case v == 255:
			white++
		case v != 0:
			t.Fatalf("the mask has a grey of %d", v)
		}
	}
	r := readRecord(t, f, "hazelnut-crack-0041.json")
	if share := float64(white) / (192 * 128); white == 0 || share != r.MaskShare {
		t.Errorf("%g of the mask is white, the record says %g", share, r.MaskShare)
	}
	checkRecord(t, f, r)
}

func checkRecord(t *testing.T, f Spec, r record) {
	t.Helper()
	if diff := cmp.Diff(f, r.Options); diff != "" {
		t.Errorf("options: want -, got +:\n%s", diff)
	}
	got := r
	got.Options, got.Trace, got.Model, got.Seconds, got.Compute, got.MaskShare = Spec{}, nil, nil, 0, "", 0
	got.Inputs, got.Texts, got.Scores, got.Hashes = nil, nil, anomalyany.Scores{}, nil
	want := record{
		Provenance: Provenance{Seed: 41, Prompt: "a photo of a hazelnut with a crack on it", Detail: f.Detail},
		Tokens: []string{"<|startoftext|>", "a</w>", "photo</w>", "of</w>", "a</w>", "hazelnut</w>", "with</w>", "a</w>",
			"crack</w>", "on</w>", "it</w>", "<|endoftext|>"},
		Anomaly: []int{8}, Size: [2]int{192, 128}, MapSize: [2]int{6, 4}, Fit: "300×200 scaled to 192×128",
		Steps: 3, Refine: 1,
		Files: map[string]string{"picture": "hazelnut-crack-0041.png", "mask": "hazelnut-crack-0041-mask.png", "heat map": "hazelnut-crack-0041-heat.png"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record: want -, got +:\n%s", diff)
	}
	if len(r.Inputs["image"]) != 64 || len(r.Inputs["mask"]) != 64 {
		t.Errorf("hashes of the photograph and the mask: %v", r.Inputs)
	}
	if r.Scores.CLIP == nil || r.Scores.Area != r.MaskShare {
		t.Errorf("scores: %+v", r.Scores)
	}
	for kind, name := range r.Files {
		if got := files.SHA256(readFile(t, f.Out, name)); r.Hashes[kind] != got {
			t.Errorf("%s has the hash %s, the record says %s", name, got, r.Hashes[kind])
		}
	}
	if len(r.Model) != 4 {
		t.Errorf("hashes of %d files, want 4", len(r.Model))
	}
	if want := files.SHA256(readFile(t, modelA, "scheduler", "scheduler_config.json")); len(r.Texts) != 8 || r.Texts[filepath.Join(modelA, "scheduler", "scheduler_config.json")] != want {
		t.Errorf("hashes of the configuration: %v", r.Texts)
	}
	for path, hash := range r.Model {
		if len(hash) != 64 {
			t.Errorf("%s: %q is no SHA-256", path, hash)
		}
	}
	if len(r.Trace) != 3 || r.Trace[1].Image != nil || r.Trace[2].Image == nil || r.Trace[0].T != 501 {
		t.Errorf("trace: %+v", r.Trace)
	}
	if r.Seconds <= 0 || !strings.HasPrefix(r.Compute, "float32 ") {
		t.Errorf("%g seconds, compute %q", r.Seconds, r.Compute)
	}
}

// TestRecordHasEveryOption, given or not.
func TestRecordHasEveryOption(t *testing.T) {
	data, err := json.Marshal(Spec{})
	if err != nil {
		t.Fatal(err)
	}
	var options map[string]any
	if err := json.Unmarshal(data, &options); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields("model clip random image mask paste tile category defect categories object anomaly prompt detail negative normal articles preset seed n size steps gamma guidance lambda mu eta_e refine fill map_factor precision no_condition no_attention no_refine no_scheduler memory out keep_every keep keep_part margin feather blend both soft max_outside min_inside min_part min_sees min_confidence min_focus min_area max_area min_clip min_gain") {
		if _, ok := options[name]; !ok {
			t.Errorf("%s is not in the record", name)
		}
		delete(options, name)
	}
	if len(options) > 0 {
		t.Errorf("the test does not know the options %v", options)
	}
}

// TestSameSeedTwice wants the same bytes.
func TestSameSeedTwice(t *testing.T) {
	f := small(t)
	names := runAll(t, f)
	again := f
	again.Out = filepath.Join(t.TempDir(), "again")
	runAll(t, again)
	for _, name := range names {
		if filepath.Ext(name) == ".png" && !cmp.Equal(readPicture(t, f, name).Pix, readPicture(t, again, name).Pix) {
			t.Errorf("%s differs between two runs of one seed", name)
		}
	}
	first, second := readRecord(t, f, "hazelnut-crack-0000.json"), readRecord(t, again, "hazelnut-crack-0000.json")
	if diff := cmp.Diff(first.Trace, second.Trace); diff != "" {
		t.Errorf("trace: %s", diff)
	}
	if first.Fit != "150×100 scaled to 96×64, centre 64×64 kept" {
		t.Errorf("photograph: %s", first.Fit)
	}
}

// TestPromptsAndNoCLIP gives the prompt in words of its own and leaves CLIP
// out, for a model that has none.
func TestPromptsAndNoCLIP(t *testing.T) {
	f := small(t)
	f.Model = t.TempDir()
	if err := os.CopyFS(f.Model, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(f.Model, "clip")); err != nil {
		t.Fatal(err)
	}
	f.Object, f.Anomaly, f.Prompt = "", []string{"Deep Hole!"}, "a deep hole! in wood"
	err := run(t.Context(), f)
	if err == nil || !strings.Contains(err.Error(), "--no-refine") || !strings.Contains(err.Error(), "clip-vit-large-patch14") {
		t.Errorf("without CLIP: %v", err)
	}
	f.NoRefine = true
	names := runAll(t, f)
	if !slices.Contains(names, "deep-hole-d251a0b5-0000.json") {
		t.Fatalf("files %v", names)
	}
	r := readRecord(t, f, "deep-hole-d251a0b5-0000.json")
	if r.Refine != 0 || len(r.Model) != 3 || r.Prompt != f.Prompt || r.Detail != f.Prompt {
		t.Errorf("record: %+v", r)
	}
	f.NoRefine, f.Clip, f.Overwrite = false, filepath.Join(modelA, "clip"), true
	runAll(t, f)
}

// TestInterrupted cancels in the middle of a picture: those before it are
// whole, and of it there is nothing.
func TestInterrupted(t *testing.T) {
	f := small(t)
	f.N = 2
	operations := 0
	if err := run(nn.WithTrace(t.Context(), func(nn.Executed) { operations++ }), f); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		share float64
		files int
	}{"at once": {0, 0}, "first": {0.3, 0}, "second": {0.8, 7}} {
		f.Out = filepath.Join(t.TempDir(), "out")
		ctx, cancel := context.WithCancel(t.Context())
		ran := 0
		err := run(nn.WithTrace(ctx, func(nn.Executed) {
			if ran++; float64(ran) > c.share*float64(operations) {
				cancel()
			}
		}), f)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
		if names := clitest.Written(t, f.Out); len(names) != c.files {
			t.Errorf("%s: there are %v, want %d files", name, names, c.files)
		}
	}
}
