package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/nn/nntest"
)

// learnedFile is a word of the model that comes as modelA, and a sentence.
func learnedFile(t *testing.T, template string) string {
	t.Helper()
	p, err := diffusion.Open(t.Context(), modelA, diffusion.WithoutCLIP())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	e := &diffusion.Embedding{Word: "<mine>", Vectors: nntest.Normal(1, 2, p.Text.Config.HiddenSize)}
	path := filepath.Join(t.TempDir(), "mine.safetensors")
	if template == "" {
		if err := e.Write(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	l, err := generate.LearnedOf(e)
	if err != nil {
		t.Fatal(err)
	}
	l.Template = template
	if err := l.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAnomalyDiffusion makes pictures of what was learned, twice the same, and again; of another file --from wants to be
// told.
func TestAnomalyDiffusion(t *testing.T) {
	photograph, learned := grainy(t, "part.png", 96, 64, 1), learnedFile(t, "a photo of a cap with a {}")
	f := asking(t, "--generator=anomalydiffusion", "--learned", learned, "--model", modelA, "--image", photograph, "--size=64", "--steps=4", "--shape=ellipse", "--shape-size=25..30", "--object=cap", "--n=2")
	runAsked(t, f)
	const name = "cap-anomalydiffusion-0000.png"
	r := readRecord(t, f, "cap-anomalydiffusion-0000.json")
	if r.Inputs["learned"] == "" || len(r.Model) == 0 || r.Place == nil || r.Options.Steps != 4 || r.Options.Guidance != 7.5 || r.Prompt != "" {
		t.Errorf("the record is %+v", r)
	}
	if how := string(readFile(t, f.Out, "cap-anomalydiffusion-0000.json")); !strings.Contains(how, `"template": "a photo of a cap with a {}"`) || !strings.Contains(how, `"word": "\u003cmine\u003e"`) && !strings.Contains(how, `"word": "<mine>"`) {
		t.Errorf("the record does not say the prompt or the word:\n%s", how)
	}
	whole := pngs(t, f.Out)
	if err := os.Remove(filepath.Join(f.Out, name)); err != nil {
		t.Fatal(err)
	}
	f.Resume = true
	runAsked(t, f)
	if diff := cmp.Diff(whole, pngs(t, f.Out)); diff != "" {
		t.Error("a second run makes other pictures")
	}
	from, err := parse(t, "--from", filepath.Join(f.Out, name))
	if err != nil {
		t.Fatal(err)
	}
	runAsked(t, from)
	if made := string(readFile(t, from.Out, name)); made != whole[name] {
		t.Error("--from makes another picture")
	}
	if err := os.Rename(learnedFile(t, "a {}"), learned); err != nil {
		t.Fatal(err)
	}
	from.Out = t.TempDir()
	if err := run(t.Context(), from); err == nil || !strings.Contains(err.Error(), "file of what was learned") || !strings.Contains(err.Error(), "--learned") {
		t.Errorf("of another file: %v", err)
	}
}

// TestPlainWord makes pictures of a word without a sentence: of the object, or of one that is given.
func TestPlainWord(t *testing.T) {
	photograph, learned := grainy(t, "part.png", 64, 64, 1), learnedFile(t, "")
	make := func(args ...string) Spec {
		return asking(t, append(args, "--generator=anomalydiffusion", "--learned", learned, "--model", modelA, "--image", photograph, "--size=64", "--steps=2", "--shape=ellipse", "--shape-size=25..30")...)
	}
	for want, args := range map[string][]string{
		"a photo of a cap with a {} on it": {"--object=cap"},
		"the {} of a cap":                  {"--prompt=the {} of a cap", "--preset=released"},
	} {
		f := make(args...)
		runAsked(t, f)
		var how string
		for _, name := range []string{"cap-anomalydiffusion-0000.json", "anomalydiffusion-0000.json", "the-of-a-cap-anomalydiffusion-0000.json"} {
			if data, err := os.ReadFile(filepath.Join(f.Out, name)); err == nil {
				how = string(data)
			}
		}
		if !strings.Contains(how, `"template": "`+want+`"`) {
			entries, _ := os.ReadDir(f.Out)
			t.Errorf("want the template %q in one of %v", want, entries)
		}
	}
	if err := run(t.Context(), make()); err == nil || !strings.Contains(err.Error(), "give --object WORD") {
		t.Errorf("without words: %v", err)
	}
	f := make("--object=cap")
	f.LearnedFile = photograph
	if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), "--learned: ") {
		t.Errorf("of a photograph: %v", err)
	}
}

// TestStepsOfPresets are their own.
func TestStepsOfPresets(t *testing.T) {
	for preset, want := range map[string]int{"mended": 50, "released": 200} {
		guidance := map[string]float32{"mended": 7.5, "released": 1}[preset]
		f, err := parse(t, "--generator=anomalydiffusion", "--learned=a.safetensors", "--model", modelA, "--image=a.png", "--preset", preset)
		if err != nil || f.Steps != want || f.Preset != preset || f.Guidance != guidance {
			t.Errorf("%s: %d steps, want %d, guidance %g, want %g: %v", preset, f.Steps, want, f.Guidance, guidance, err)
		}
	}
}
