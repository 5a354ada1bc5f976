package main

import (
	"bytes"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

const nut = "hazelnut-crack-0042" // the picture that is made again

// made is a picture with a model, a photograph and a mask of its own.
type made struct {
	model, image, mask string
	dir                string // where the picture is
}

func makePicture(t *testing.T) made {
	t.Helper()
	m := made{model: t.TempDir(), image: writePicture(t, "nut.png", 150, 100), mask: writeMask(t, 150, 100, 0, 0, 0.6, 1), dir: filepath.Join(t.TempDir(), "out")}
	if err := os.CopyFS(m.model, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	m.run(t, "", "--model", m.model, "--image", m.image, "--mask", m.mask, "--object", "hazelnut", "--anomaly", "crack",
		"--detail", "a crack “so deep”", "--size", "64", "--steps", "4", "--seed", "41", "--n", "2", "--guidance", "3.3", "--mu", "0", "--out", m.dir)
	return m
}

// run runs the program, which is to say something and fail, or to say nothing
// in particular and succeed; it returns what went to stderr.
func (m made) run(t *testing.T, says string, args ...string) string {
	t.Helper()
	out, err := clitest.Program(t, args...).CombinedOutput()
	if (err != nil) != (says != "") || !strings.Contains(string(out), says) {
		t.Fatalf("%v: %v, want %q in\n%s", args, err, says, out)
	}
	return string(out)
}

func (m made) again(t *testing.T, says string, args ...string) string {
	t.Helper()
	return m.run(t, says, append([]string{"--from", filepath.Join(m.dir, nut+".png")}, args...)...)
}

func readFile(t *testing.T, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFrom makes a picture again: the same files, but for the time it took.
func TestFrom(t *testing.T) {
	m := makePicture(t)
	m.again(t, "")
	for _, part := range []string{".png", "-mask.png", "-heat.png"} {
		if !bytes.Equal(readFile(t, m.dir, nut+part), readFile(t, m.dir, "again", nut+part)) {
			t.Errorf("%s differs when it is made again", nut+part)
		}
	}
	var f Spec
	f.Out = m.dir
	before := readRecord(t, f, nut+".json")
	after := readRecord(t, f, filepath.Join("again", nut+".json"))
	if after.Seed != 42 || after.Options.Seed != 42 || after.Options.N != 1 {
		t.Errorf("seed %d, options %+v; want one picture of seed 42", after.Seed, after.Options)
	}
	before.Options, after.Options, before.Seconds, after.Seconds = Spec{}, Spec{}, 0, 0
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("record of the picture -, of the second +:\n%s", diff)
	}
	if got := len(clitest.Written(t, filepath.Join(m.dir, "again"))); got != 7 {
		t.Errorf("%d files, want those of one picture, the index and the photograph", got)
	}

	other := filepath.Join(t.TempDir(), "other")
	m.again(t, "", "--steps", "5", "--seed", "7", "--out", other, "--no-refine", "--min-gain", "-4")
	f.Out = other
	r := readRecord(t, f, "hazelnut-crack-0007.json")
	if o := r.Options; o.Steps != 5 || !o.NoRefine || o.Guidance != 3.3 || o.Mu != 0 || o.Detail != "a crack “so deep”" || o.Mask != m.mask {
		t.Errorf("options %+v: want those of the picture, but for what was given", o)
	}
	if said := m.again(t, "", "--out", m.dir); !strings.Contains(said, "1 of 1 pictures are finished") {
		t.Errorf("beside the picture itself it says\n%s", said)
	}
}

// TestFromChangedFiles names the file that is another one now.
func TestFromChangedFiles(t *testing.T) {
	m := makePicture(t)
	photograph, mask := readFile(t, m.image), readFile(t, m.mask)

	if err := os.Rename(m.image, m.image+".away"); err != nil {
		t.Fatal(err)
	}
	m.again(t, "--image: open "+m.image)
	m.again(t, "", "--image", m.image+".away")

	replace(t, m.image, writePicture(t, "nut.png", 150, 110))
	m.again(t, "photograph "+m.image+" has changed")
	if err := os.WriteFile(m.image, photograph, 0o600); err != nil {
		t.Fatal(err)
	}

	replace(t, m.mask, writeMask(t, 150, 100, 0, 0, 0.9, 1))
	m.again(t, "mask "+m.mask+" has changed")
	if said := m.again(t, "", "--mask", m.mask); !strings.Contains(said, "made with other options: --mask was the file") {
		t.Errorf("with another mask it says\n%s", said)
	}
	readFile(t, m.dir, "again", strings.Replace(nut, "crack", "crack-run2", 1)+".png")
	if err := os.WriteFile(m.mask, mask, 0o600); err != nil {
		t.Fatal(err)
	}

	weights := filepath.Join(m.model, "unet", "diffusion_pytorch_model.safetensors")
	data := readFile(t, weights)
	data[len(data)-4] ^= 1 // the last bit of the last number
	if err := os.WriteFile(weights, data, 0o600); err != nil {
		t.Fatal(err)
	}
	m.again(t, "model file "+weights+" is not the one")
	m.again(t, "", "--model", m.model, "--overwrite")
}

func replace(t *testing.T, path, by string) {
	t.Helper()
	if err := os.WriteFile(path, readFile(t, by), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFromOtherFiles reads pictures that say nothing, or not what is expected.
func TestFromOtherFiles(t *testing.T) {
	plain := writePicture(t, "plain.png", 8, 8)
	picture, err := images.Read(t.Context(), plain)
	if err != nil {
		t.Fatal(err)
	}
	picture.Set(0, 0, color.Black)
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := images.WritePNGText(path, picture, []images.Text{{Key: carriedKey, Value: text}}); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, says := range map[string]string{
		plain:                               `carries no text "anomalyany"`,
		writePicture(t, "photo.jpg", 8, 8):  "no PNG file",
		"nowhere.png":                       "nowhere.png",
		write("broken.png", "{"):            "unexpected EOF",
		write("later.png", `{"format": 2}`): "format 2, this program knows 1",
		write("option.png", `{"format": 1, "options": {"sharpness": 3}}`):                                                           "the option sharpness",
		write("value.png", `{"format": 1, "options": {"steps": "many"}}`):                                                           "--steps",
		write("words.png", `{"format": 1, "options": {"image": "a.png"}, "prompt": "a nut"}`):                                       `with the prompt "a nut"`,
		write("model.png", `{"format": 1, "options": {"image": "a.png", "prompt": "a nut"}, "prompt": "a nut", "detail": "a nut"}`): "--model MODEL is missing",
	} {
		out, err := clitest.Program(t, "--from", path).CombinedOutput()
		if err == nil || !strings.Contains(string(out), says) {
			t.Errorf("%s: %v, want %q in\n%s", filepath.Base(path), err, says, out)
		}
	}
}

// TestTexts are also for people.
func TestTexts(t *testing.T) {
	f := small(t)
	runAll(t, f)
	texts, err := images.ReadPNGText(t.Context(), filepath.Join(f.Out, "hazelnut-crack-0000.png"))
	if err != nil {
		t.Fatal(err)
	}
	want := []images.Text{{Key: "Software", Value: "sdgraph anomalyany"}, {Key: "Description", Value: "a photo of a hazelnut with a crack on it; generated, seed 0"}}
	if diff := cmp.Diff(want, texts[:2]); diff != "" || len(texts) != 3 {
		t.Errorf("texts: want -, got +:\n%s", diff)
	}
}
