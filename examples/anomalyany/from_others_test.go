package main

import (
	"encoding/json"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// TestEveryOptionIsDecided: it makes a picture, or it does not and --from passes
// it over.
func TestEveryOptionIsDecided(t *testing.T) {
	var f Spec
	f.Places = Places{"line", "40", "0", "0.1", "3,4"}
	f.PredictionType, f.AllowUnused, f.Variant = "epsilon", true, "none" // which are left out where they are not given
	f.Generating = Generating{"nsa", []string{"a.png"}, "own", "1", "found", "screw", "w.safetensors", "r.png", "m.png", "crack"}
	f.Embedding = []cli.WordFile{{Path: "w.safetensors"}}
	type whole Spec // with the options of all generators
	data, err := json.Marshal(whole(f))
	if err != nil {
		t.Fatal(err)
	}
	var options map[string]any
	if err := json.Unmarshal(data, &options); err != nil {
		t.Fatal(err)
	}
	for name := range options {
		if beside := ofTheSeries[name] || name == "memory" || name == "categories"; ofPicture[name] == beside {
			t.Errorf("--%s makes a picture: %v, and does not: %v", name, ofPicture[name], beside)
		}
	}
	for name := range ofPicture {
		if _, ok := options[name]; !ok {
			t.Errorf("there is no --%s", name)
		}
	}
}

// carrying writes a picture that carries a text.
func carrying(t testing.TB, dir, text string) string {
	t.Helper()
	path := filepath.Join(dir, "p.png")
	if err := images.WritePNGText(path, image.NewRGBA(image.Rect(0, 0, 1, 1)), []images.Text{{Key: carriedKey, Value: text}}); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFromObeysOnlyWhatMakesAPicture, and says what it will read.
func TestFromObeysOnlyWhatMakesAPicture(t *testing.T) {
	f := small(t)
	path := carrying(t, t.TempDir(), `{"format": 1, "seed": 3, "options": {"model": "/models/m", "image": "/pictures/\u001b[2Ja.png", "mask": "/m.png", "object": "nut",
		"anomaly": ["crack"], "steps": 9, "n": 7, "keep": "good", "keep_every": 1, "out": "/elsewhere", "categories": "/dev/zero", "category": "x", "defect": "y",
		"memory": 1e9, "min_focus": 0.9, "max_area": 0.1}}`)
	got, err := parse(t, "--from", path, "--model", f.Model)
	if err != nil {
		t.Fatal(err)
	}
	want, err := parse(t, "--model", f.Model, "--image", got.Image, "--object=nut", "--anomaly=crack")
	if err != nil {
		t.Fatal(err)
	}
	if got.N != 1 || got.Keep != "all" || got.KeepEvery != want.KeepEvery || got.Out != filepath.Join(filepath.Dir(path), "again") ||
		got.Categories != "" || got.Memory != want.Memory || got.MinFocus != want.MinFocus || got.MaxArea != want.MaxArea || got.Resume || got.Overwrite {
		t.Errorf("the picture chose %+v", got)
	}
	if got.Steps != 9 || got.Seed != 3 || got.Object != "nut" || got.Mask != "/m.png" {
		t.Errorf("the picture's own options are not taken: %+v", got)
	}
	out, err := clitest.Program(t, "--from", path, "--image", f.Image).CombinedOutput()
	text := string(out)
	if says := path + ` names the files --model "/models/m", --mask "/m.png"`; err == nil || !strings.HasPrefix(text, says) {
		t.Errorf("%v, want %q first in\n%s", err, says, text)
	}
	if out, _ := clitest.Program(t, "--from", path).CombinedOutput(); !strings.Contains(string(out), `--image "/pictures/\x1b[2Ja.png"`) {
		t.Errorf("the photograph's path is not written out:\n%s", out)
	}
}

// TestFromComparesWordsFirst, before it opens a model or makes one of random weights, which takes seconds and gigabytes:
// the one that is named here is not there.
func TestFromComparesWordsFirst(t *testing.T) {
	path := carrying(t, t.TempDir(), `{"format": 1, "options": {"model": "nowhere", "image": "nut.png", "object": "nut", "anomaly": ["crack"]}, "prompt": "a nut"}`)
	f, err := parse(t, "--from", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), `made with the prompt "a nut"`) {
		t.Errorf("%v, want what differs in the prompts", err)
	}
	if clitest.Written(t, f.Out) != nil {
		t.Error("it has made a folder")
	}
}

// TestFromDoesNotFollowLinks whose name it has chosen itself.
func TestFromDoesNotFollowLinks(t *testing.T) {
	f := quick(t)
	runAll(t, f)
	elsewhere := t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(f.Out, "again")); err != nil {
		t.Skip(err)
	}
	again, err := parse(t, "--from", filepath.Join(f.Out, "hazelnut-crack-0000.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), again); err == nil || !strings.Contains(err.Error(), "is a link") {
		t.Errorf("%v, want that it is a link", err)
	}
	if names := clitest.Written(t, elsewhere); len(names) > 0 {
		t.Errorf("it is followed: %v", names)
	}
}

// FuzzFrom: any text of a PNG file is an error, or a Spec that passes Validate.
func FuzzFrom(f *testing.F) {
	f.Add(`{"format":1,"options":{"steps":8,"object":"nut","anomaly":["crack"],"image":"a.png"},"seed":3,"prompt":"x","detail":"y","inputs_sha256":{"image":"00"},"model_sha256":{"a":"b"},"compute":"float32 avx2"}`)
	f.Add(`{"format":1,"options":{"n":5,"help":true,"resume":true,"from":"x","out":"/tmp","keep":"good","memory":1e300}}`)
	f.Add(`{"format":1,"options":{"preset":"released","gamma":"NaN","steps":null,"guidance":12.5,"anomaly":"a,b","category":"hazelnut","defect":"crack","model":[{}]}}`)
	f.Add(`{"format":1,"options":{"generator":"nsa","others":["b.png"],"part":"screw","preset":"released","image":"a.png","size":0,"shape":"dot"}}`)
	f.Add(`{"format":1,"options":{"generator":"sdas","noise":"1..2","steps":3,"prompt":"a nut","image":"a.png"},"prompt":"a nut"}`)
	f.Add(`{"format":1,"options":{"generator":"draem","textures":"own","image":"a.png","anomaly":["crack"],"lambda":3}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "\x00") || !utf8.ValidString(text) {
			return
		}
		path := carrying(t, t.TempDir(), text)
		var c commandLine
		if _, err := newParser(&c).Parse([]string{"--from", path}); err != nil {
			if len(err.Error()) > 4000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if c.Spec.Out != filepath.Join(filepath.Dir(path), "again") || c.Spec.Again.path != path || c.Spec.N != 1 {
			t.Fatalf("the picture chose %+v", c.Spec)
		}
		j := &job{spec: c.Spec, model: &model{Pipeline: new(diffusion.Pipeline), hashes: func() (map[string]string, error) { return nil, nil }}, options: c.Spec.options()}
		if _, _, err := j.provenance(c.Spec.Seed); err != nil {
			t.Fatal(err)
		}
		if name := j.spec.stem(c.Spec.Seed); filepath.Dir(name) != c.Spec.Out {
			t.Fatalf("its files are called %s", name)
		}
	})
}
