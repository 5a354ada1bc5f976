package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// embedModel makes the tiny model the program's own until the test ends, for
// short runs of two scenes, the first of them unseen.
func embedModel(t *testing.T) (dir string) {
	t.Helper()
	dir = modelWith(t, someDefaults)
	ofProgram, ofScenes := embedded, scenes
	t.Cleanup(func() { embedded, scenes = ofProgram, ofScenes })
	embedded = os.DirFS(dir)
	scenes = []scene{{"hazelnut", "crack", 1}, {"bottle cap", "crack", 2}}
	return dir
}

// askNothing is the command line without flags but those of the series.
func askNothing(t *testing.T, args ...string) Spec {
	t.Helper()
	f, err := parse(t, append(args, "--out", filepath.Join(t.TempDir(), "out"))...)
	if err != nil {
		t.Fatal(err)
	}
	if !f.isDemo() {
		t.Fatal("something is asked for")
	}
	return f
}

// TestDemonstrate makes two pictures of each scene and looks at what there is.
func TestDemonstrate(t *testing.T) {
	embedModel(t)
	if n := askNothing(t).N; n != demoPictures {
		t.Errorf("%d pictures of each scene, want %d", n, demoPictures)
	}
	f := askNothing(t, "--n=2", "--seed=7")
	if err := demonstrate(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	want := []string{"index.html", "index.json", "normal", "sheet.png"}
	for _, stem := range []string{"bottle-cap-crack-0007", "bottle-cap-crack-0008", "hazelnut-crack-0007", "hazelnut-crack-0008"} {
		want = append(want, stem+".png", stem+"-mask.png", stem+"-heat.png", stem+".json")
	}
	slices.Sort(want)
	got := slices.DeleteFunc(clitest.Written(t, f.Out), func(name string) bool { return strings.HasPrefix(name, "photograph-") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files: want -, got +:\n%s", diff)
	}
	x, err := readIndex(f.Out)
	if err != nil || len(x.Entries) != 4 {
		t.Errorf("%d pictures in the index (%v), want 4", len(x.Entries), err)
	}
	r := readRecord(t, f, "hazelnut-crack-0007.json")
	if diff := cmp.Diff(f.numbers(), r.Options.numbers()); diff != "" {
		t.Errorf("numbers: want -, got +:\n%s", diff)
	}
	if len(r.Model) != 4 || len(r.Model["unet/diffusion_pytorch_model.safetensors"]) != 64 {
		t.Errorf("hashes of the model: %v", r.Model)
	}
	page, err := os.ReadFile(filepath.Join(f.Out, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	const note = "unseen pair: hazelnut and crack were never together in training"
	if !cmp.Equal(r.Notes, []string{note}) || strings.Count(string(page), note) != 1 || strings.Contains(string(page), "bottle cap and crack") {
		t.Errorf("notes %q, page:\n%s", r.Notes, page)
	}
	checkSheet(t, f)
	checkTheSame(t, f)
}

// checkSheet finds the pictures at their places, and the mark of the unseen pair
// beside the first prompt alone.
func checkSheet(t *testing.T, f Spec) {
	t.Helper()
	const side, gap, line = 64, 8, 19
	const cell = side + gap + (side-gap)/2 + gap + line
	sheet := readPicture(t, f, "sheet.png")
	const top, width = line + gap, 17*7 + 6 + gap // the first column is as wide as its text
	second := sheet.Bounds().Dy() - cell
	for name, at := range map[string]image.Point{
		"normal/hazelnut.png": {0, top}, "hazelnut-crack-0007.png": {width, top},
		"normal/bottle_cap.png": {0, second}, "bottle-cap-crack-0007.png": {width, second},
	} {
		part := images.Cut(sheet, image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))})
		if !bytes.Equal(part.Pix, readPicture(t, f, name).Pix) {
			t.Errorf("%s is not at %v of %v", name, at, sheet.Bounds())
		}
	}
	for y, want := range map[int]bool{0: true, second - line - gap: false} {
		marked := false
		for i := range sheet.Bounds().Dx() * line {
			at := image.Pt(i%sheet.Bounds().Dx(), y+i/sheet.Bounds().Dx())
			marked = marked || sheet.RGBAAt(at.X, at.Y) == color.RGBA{0xa8, 0x20, 0x1a, 0xff}
		}
		if marked != want {
			t.Errorf("the prompt at height %d is marked: %v, want %v", y, marked, want)
		}
	}
}

// checkTheSame makes one of the pictures by itself, from its own file.
func checkTheSame(t *testing.T, f Spec) {
	t.Helper()
	again, err := parse(t, "--from", filepath.Join(f.Out, "hazelnut-crack-0008.png"))
	if err != nil {
		t.Fatal(err)
	}
	runAll(t, again)
	if !cmp.Equal(readPicture(t, f, "hazelnut-crack-0008.png").Pix, readPicture(t, again, "hazelnut-crack-0008.png").Pix) {
		t.Error("the picture is another when it is made alone")
	}
}

// TestDemonstrateGoesOn makes what is missing of an interrupted run.
func TestDemonstrateGoesOn(t *testing.T) {
	embedModel(t)
	f := askNothing(t, "--n=1", "--resume")
	ctx, cancel := context.WithCancel(t.Context())
	var ran atomic.Int64
	err := demonstrate(nn.WithTrace(ctx, func(nn.Executed) {
		if ran.Add(1) == 300 {
			cancel()
		}
	}), f)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	for _, name := range clitest.Written(t, f.Out) {
		if name != "normal" && name != "index.json" {
			t.Errorf("there is %s", name)
		}
	}
	for range 2 { // the second time everything is there
		if err := demonstrate(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	if names := clitest.Written(t, f.Out); !slices.Contains(names, "sheet.png") || !slices.Contains(names, "bottle-cap-crack-0000.json") {
		t.Errorf("there are %v", names)
	}
}

func TestDemonstrateRefuses(t *testing.T) {
	embedModel(t)
	f := askNothing(t, "--n=1")
	f.Steps = 0 // which Validate refuses
	if err := demonstrate(t.Context(), f); err == nil || !strings.Contains(err.Error(), "T is 0") {
		t.Errorf("no steps: %v", err)
	}
	f = askNothing(t, "--n=1")
	if err := os.MkdirAll(f.Out, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.Out, "index.html"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := demonstrate(t.Context(), f); err == nil || !strings.Contains(err.Error(), "page of something else") {
		t.Errorf("somebody's page: %v", err)
	}
	f = askNothing(t, "--n=1")
	if err := os.MkdirAll(f.Out, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.Out, sheetName), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := demonstrate(t.Context(), f); err == nil || !strings.Contains(err.Error(), "sheet.png is not known to be a file of this program") {
		t.Errorf("somebody's sheet: %v", err)
	}
	if names := clitest.Written(t, f.Out); !slices.Equal(names, []string{sheetName}) {
		t.Errorf("beside somebody's sheet there are %v", names)
	}
	scenes = []scene{{"hazelnut", "tear", 1}}
	if err := demonstrate(t.Context(), askNothing(t)); err == nil || !strings.Contains(err.Error(), "nobody draws a hazelnut with a tear") {
		t.Errorf("a defect that there is not: %v", err)
	}
}

// TestScenes are drawn by the world, unseen pairs among them, in words that fit.
func TestScenes(t *testing.T) {
	unseen := 0
	for _, c := range scenes {
		f, _, err := c.draw(Spec{Size: 64})
		if err != nil {
			t.Error(err)
			continue
		}
		if world.Unseen(c.subject, c.defect) {
			unseen++
		}
		for _, text := range []string{f.Prompt, f.Detail} {
			if !strings.Contains(text, c.subject) || !strings.Contains(text, c.defect) {
				t.Errorf("%s, %s: %q", c.subject, c.defect, text)
			}
		}
		if strings.Contains(f.Normal, c.defect) || !strings.HasPrefix(f.Prompt, f.Normal+" ") {
			t.Errorf("normal %q, prompt %q", f.Normal, f.Prompt)
		}
	}
	if unseen == 0 || unseen == len(scenes) {
		t.Errorf("%d of %d scenes are unseen, want some", unseen, len(scenes))
	}
}

// TestEmbeddedProgram looks at what a user sees, without flags and with a
// photograph and words.
func TestEmbeddedProgram(t *testing.T) {
	dir := embedModel(t)
	out := filepath.Join(t.TempDir(), "out")
	run := func(args ...string) (string, string) {
		t.Helper()
		var stdout, stderr strings.Builder
		cmd := clitest.Program(t, append(args, "--out", out)...)
		cmd.Env = append(cmd.Env, "ANOMALYANY_TEST_MODEL="+dir)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v\n%s", err, &stderr)
		}
		return stdout.String(), stderr.String()
	}
	stdout, stderr := run("--n=1", "--steps=2")
	if want := "look at " + filepath.Join(out, "index.html") + " and " + filepath.Join(out, "sheet.png") + "\n"; stdout != want {
		t.Errorf("stdout is %q, want %q", stdout, want)
	}
	for _, part := range []string{"anomalyany weights", "5 pictures of 5 photographs", "1 of 5 pictures, ", "5 of 5 pictures, 0s left"} {
		if !strings.Contains(stderr, part) {
			t.Errorf("stderr has no %q:\n%s", part, stderr)
		}
	}
	stdout, stderr = run("--image", writePicture(t, "nut.png", 150, 100), "--object=gasket", "--anomaly=crack", "--steps=2")
	if !strings.Contains(stdout, filepath.Join(out, "gasket-crack-0000.png")) {
		t.Errorf("stdout is %q", stdout)
	}
	for _, part := range []string{"anomalyany weights", `this model knows hazelnut, bottle cap; "gasket" is not among them`, "centre 64×64 kept"} {
		if !strings.Contains(stderr, part) {
			t.Errorf("stderr has no %q:\n%s", part, stderr)
		}
	}
}

// TestNotADemo is not, for a photograph, a word or a model was given.
func TestNotADemo(t *testing.T) {
	embedModel(t)
	for args, says := range map[string]string{
		"--object=nut":    "--image FILE is missing",
		"--detail=x":      "--image FILE is missing",
		"--image=nut.png": "--anomaly WORD is missing",
		"--model=nowhere": "--image FILE is missing",
		"--clip=nowhere":  "--clip needs --model",
	} {
		if _, err := parse(t, args); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", args, err, says)
		}
	}
}
