package main

import (
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

func TestMain(m *testing.M) { clitest.Main(m, main) }

func TestFlagsNeedValues(t *testing.T) {
	clitest.NeedValues(t, newParser(new(flags)).Model, func(args []string) error {
		_, err := newParser(new(flags)).Parse(args)
		return err
	})
}

// parsed are the flags of a command line.
func parsed(t *testing.T, args ...string) flags {
	t.Helper()
	var f flags
	if _, err := newParser(&f).Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

// photographs are pictures of noise, wider than high, with a white bar in each, and the bars as masks.
func photographs(t *testing.T) (dir, masks string) {
	t.Helper()
	dir, masks = t.TempDir(), t.TempDir()
	for k, name := range []string{"a", "b"} {
		picture := image.NewRGBA(image.Rect(0, 0, 96, 64))
		mask := image.NewGray(picture.Rect)
		for i := range mask.Pix {
			x, y := i%96, i/96
			c := color.RGBA{uint8(40 + x), uint8(40 + y), uint8(x * y), 255}
			if x >= 70 && x < 90 && y >= 20+8*k && y < 40+8*k {
				c, mask.Pix[i] = color.RGBA{250, 250, 250, 255}, 255
			}
			picture.SetRGBA(x, y, c)
		}
		if err := errors.Join(images.WritePNG(filepath.Join(dir, name+".png"), picture), images.WritePNG(filepath.Join(masks, name+"_mask.png"), mask)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, masks
}

// tiny is a short run of the tiny model.
func tiny(t *testing.T, out string, more ...string) flags {
	t.Helper()
	dir, masks := photographs(t)
	return parsed(t, append([]string{
		"--model", "../../testdata/models/a", "--object", "nut", "--anomaly", "crack", "--mask", masks, "--size", "64", "--precision", "f32",
		"--vectors", "2", "--steps", "6", "--preview", "3", "--out", out, dir,
	}, more...)...)
}

// TestRun learns a word from photographs, in one go and in two, with the same result; other programs read it.
func TestRun(t *testing.T) {
	whole, halves := t.TempDir(), t.TempDir()
	if err := run(t.Context(), tiny(t, whole)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"crack-state.safetensors", "crack.png", "crack.safetensors"}, clitest.Written(t, whole)); diff != "" {
		t.Fatalf("wrote (-want +got):\n%s", diff)
	}
	for _, steps := range []string{"2", "6"} { // how it is looked at changes nothing
		if err := run(t.Context(), tiny(t, halves, "--steps", steps, "--taesd", "../../vae/testdata/taesd")); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"crack.safetensors", "crack-state.safetensors"} {
		a, err1 := os.ReadFile(filepath.Join(whole, name))
		b, err2 := os.ReadFile(filepath.Join(halves, name))
		if err1 != nil || err2 != nil || string(a) != string(b) {
			t.Errorf("%s is another where the run was in two parts: %v, %v", name, err1, err2)
		}
	}
	e, err := diffusion.ReadEmbedding(filepath.Join(whole, "crack.safetensors"), "")
	if err != nil {
		t.Fatal(err)
	}
	if e.Word != "<crack>" || e.Initial != "crack" || e.Vectors.Shape()[0] != 2 {
		t.Errorf("the file has %q, of %q, %v", e.Word, e.Initial, e.Vectors.Shape())
	}
	p, err := diffusion.Open(t.Context(), "../../testdata/models/a", diffusion.WithEmbeddings(e))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	preview, err := images.Read(t.Context(), filepath.Join(whole, "crack.png"))
	if err != nil || preview.Rect.Dx() != 4*64+3*8 { // the example, and after 0, 3 and 6 steps
		t.Errorf("the preview is %v: %v", preview.Rect, err)
	}
}

// TestAnomalyDiffusion learns a word with an encoder of masks, which the generator of that name reads, in one go and in two.
func TestAnomalyDiffusion(t *testing.T) {
	whole, halves := t.TempDir(), t.TempDir()
	learn := func(out, steps string) {
		t.Helper()
		if err := run(t.Context(), tiny(t, out, "--method", anomalyDiffusion, "--steps", steps)); err != nil {
			t.Fatal(err)
		}
	}
	learn(whole, "4")
	learn(halves, "1")
	learn(halves, "4")
	const name = "crack-anomalydiffusion.safetensors"
	a, err1 := os.ReadFile(filepath.Join(whole, name))
	b, err2 := os.ReadFile(filepath.Join(halves, name))
	if err1 != nil || err2 != nil || string(a) != string(b) {
		t.Errorf("what was learned is another where the run was in two parts: %v, %v", err1, err2)
	}
	l, err := generate.ReadLearned(filepath.Join(whole, name), "")
	if err != nil {
		t.Fatal(err)
	}
	if l.Word != "<crack>" || l.Template != "a photo of a nut with a {} on it" || l.Steps != 4 || len(l.Masks) != 2 {
		t.Errorf("the file has %q, %q, %d steps, %d masks", l.Word, l.Template, l.Steps, len(l.Masks))
	}
	if n := len(l.Vectors(nil, 0, 0)); n != 4*32 { // two vectors, and as many of the encoder
		t.Errorf("the word has %d numbers", n)
	}
}

// TestKeeps refuses to replace what was learned otherwise, and what is not its own.
func TestKeeps(t *testing.T) {
	out := t.TempDir()
	learn := func(more ...string) error {
		return run(t.Context(), tiny(t, out, append([]string{"--steps", "1", "--preview", "0"}, more...)...))
	}
	if err := learn(); err != nil {
		t.Fatal(err)
	}
	if err := learn("--rate", "0.1"); err == nil || !strings.Contains(err.Error(), "other options") || !strings.Contains(err.Error(), "--overwrite") {
		t.Error("other options:", err)
	}
	if err := learn("--rate", "0.1", "--overwrite"); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(out, "crack-state.safetensors")); err != nil {
		t.Fatal(err)
	}
	if err := learn(); err == nil || !strings.Contains(err.Error(), "crack.safetensors is there already") {
		t.Error("a word without its state:", err)
	}
}

// TestMistakes says what is wrong with a command line.
func TestMistakes(t *testing.T) {
	dir, masks := photographs(t)
	for says, args := range map[string][]string{
		"--anomaly WORD is missing": {"--object", "nut", dir},
		"--object WORD is missing":  {"--anomaly", "crack", dir},
		"photographs of the defect": {"--model", "sd15"},
		"there are none":            {"--mask", masks},
		"--mask is missing":         {"--method", "anomalydiffusion", "--object", "nut", "--anomaly", "crack", dir},
		"--tile needs --mask":       {"--tile", "--object", "nut", "--anomaly", "crack", dir},
		"{} in it once":             {"--template", "a photo"},
		"--vectors":                 {"--vectors", "76"},
		"--rate":                    {"--rate", "0"},
	} {
		var f flags
		if _, err := newParser(&f).Parse(args); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want it to say %q", args, err, says)
		}
	}
	for says, args := range map[string][]string{
		"no mask of":            {"--mask", dir}, // the photographs themselves are no masks
		"1 masks for 2":         {"--mask", filepath.Join(masks, "a_mask.png")},
		"there are no drawings": {"--object", "cat"},
		"is in the vocabulary":  {"--word", "hazelnut"},
		"multiples of":          {"--size", "65"},
		"no such file":          {"nowhere.png"},
	} {
		f := tiny(t, t.TempDir(), args...)
		switch {
		case args[0] == "--mask":
			f.Mask = args[1:]
			f.Photograph = []string{dir}
		case args[0] == "--object":
			f.Model, f.Photograph, f.Mask = "", nil, nil
		case args[0] == "nowhere.png":
			f.Photograph, f.Mask = args, nil
		}
		if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v, want it to say %q", args, err, says)
		}
	}
}

// TestTileKeepsTheScale sees a window at the photograph's own scale, and without it the largest square around the mask.
func TestTileKeepsTheScale(t *testing.T) {
	dir, masks := photographs(t)
	whole := image.Rect(0, 0, 96, 64)
	mask, err := images.ReadMask(t.Context(), filepath.Join(masks, "a_mask.png"))
	if err != nil {
		t.Fatal(err)
	}
	large, err1 := square(mask, 32, false)
	small, err2 := square(mask, 32, true)
	if err1 != nil || err2 != nil || large != image.Rect(32, 0, 96, 64) || small.Size() != image.Pt(32, 32) || !small.In(whole) {
		t.Errorf("%v and %v of %v: %v, %v", large, small, whole, err1, err2)
	}
	var e examples
	if err := e.read(t.Context(), filepath.Join(dir, "a.png"), filepath.Join(masks, "a_mask.png"), 32, true); err != nil {
		t.Fatal(err)
	}
	sum := float32(0)
	for _, m := range e.all[0].Mask {
		sum += m
	}
	if sum != 20*20 {
		t.Errorf("the mask has %v pixels, want 400", sum)
	}
}

// TestInterrupted keeps what was learned, and goes on.
func TestInterrupted(t *testing.T) {
	out := t.TempDir()
	cmd := clitest.Program(t, "--steps", "300", "--preview", "0", "--out", out)
	last := clitest.Signals(t, cmd, map[string]syscall.Signal{"step 30 of": syscall.SIGINT})
	if !strings.Contains(last, "the same command goes on") {
		t.Errorf("it ended with %q", last)
	}
	if diff := cmp.Diff([]string{"crack-state.safetensors", "crack.safetensors"}, clitest.Written(t, out)); diff != "" {
		t.Errorf("wrote (-want +got):\n%s", diff)
	}
}
