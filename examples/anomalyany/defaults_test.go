package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// parse reads a command line.
func parse(t *testing.T, args ...string) (Spec, error) {
	t.Helper()
	var c commandLine
	_, err := newParser(&c).Parse(args)
	return c.Spec, err
}

// modelWith is a copy of the tiny model with an anomalyany.json.
func modelWith(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, anomalyany.DefaultsFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

const someDefaults = `{"size": 64, "map_factor": 2, "steps": 3, "guidance": 2.5, "gamma": 0.4, "lambda": 2, "mu": 0.5, "eta_e": 0.01, "refine": 1,
	"vocabulary": {"objects": ["hazelnut", "bottle cap"], "anomalies": ["crack"], "unseen": {"hazelnut": ["crack"]}}}`

// numbers are those that a model directory may say.
type numbers struct {
	Preset                    string
	Size, MapFactor, Steps, R int
	Guidance                  float32
	Gamma, Lambda, Mu, EtaE   float64
}

func (f Spec) numbers() numbers {
	return numbers{f.Preset, f.Size, f.MapFactor, f.Steps, f.Refine, f.Guidance, f.Gamma, f.Lambda, f.Mu, f.EtaE}
}

// TestDefaults takes numbers from the model directory, unless they are given or
// are another preset's.
func TestDefaults(t *testing.T) {
	small, released := modelWith(t, someDefaults), modelWith(t, `{"preset": "released", "steps": 8, "guidance": 5}`)
	own := numbers{"paper", 512, 4, 100, -1, 7.5, 0.25, 20, 1, 0.02}
	for name, c := range map[string]struct {
		args string
		want numbers
	}{
		"no file":                {"--model " + modelA, own},
		"no directory":           {"--model " + filepath.Join(modelA, "vae", "diffusion_pytorch_model.safetensors"), own},
		"random":                 {"--random", own},
		"file":                   {"--model " + small, numbers{"paper", 64, 2, 3, 1, 2.5, 0.4, 2, 0.5, 0.01}},
		"given":                  {"--model " + small + " --steps 7 --mu 3 --size 128 --map-factor 1 --refine 0", numbers{"paper", 128, 1, 7, 0, 2.5, 0.4, 2, 3, 0.01}},
		"fast":                   {"--model " + small + " --preset fast", numbers{"fast", 64, 2, 12, -1, 2.5, 0.4, 2, 0.5, 0.01}},
		"fast of SD 1.5":         {"--model " + modelA + " --preset fast", numbers{"fast", 512, 4, 12, -1, 7.5, 0.25, 20, 1, 0.02}},
		"not released, but fast": {"--model " + released + " --preset fast", numbers{"fast", 512, 4, 12, -1, 7.5, 0.25, 20, 1, 0.02}},
		"released":               {"--model " + small + " --preset released", numbers{"released", 64, 2, 200, -1, 12.5, 0.25, 20, 1, 0.02}},
		"released's own":         {"--model " + released, numbers{"released", 512, 4, 8, -1, 5, 0.25, 20, 1, 0.02}},
		"released given":         {"--model " + released + " --guidance 3", numbers{"released", 512, 4, 8, -1, 3, 0.25, 20, 1, 0.02}},
		"not released":           {"--model " + released + " --preset paper", own},
	} {
		f, err := parse(t, append(strings.Fields(c.args), "--image=nut.png", "--object=nut", "--anomaly=crack")...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, f.numbers()); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
	wrong := modelWith(t, `{"steps": "many"}`)
	_, err := parse(t, "--model", wrong, "--image=nut.png", "--object=nut", "--anomaly=crack")
	if err == nil || !strings.Contains(err.Error(), filepath.Join(wrong, "anomalyany.json")+": steps: ") {
		t.Errorf("a wrong file: %v", err)
	}
}

// TestDefaultsOfAPicture makes pictures with the directory's numbers, and one of
// them again after the directory says something else.
func TestDefaultsOfAPicture(t *testing.T) {
	dir := modelWith(t, someDefaults)
	f, err := parse(t, "--model", dir, "--image", writePicture(t, "nut.png", 150, 100), "--object=hazelnut", "--anomaly=crack", "--out", filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	runAll(t, f)
	r := readRecord(t, f, "hazelnut-crack-0000.json")
	if diff := cmp.Diff(f.numbers(), r.Options.numbers()); diff != "" {
		t.Errorf("the record: want -, got +:\n%s", diff)
	}
	if r.Size != [2]int{64, 64} || r.MapSize != [2]int{4, 4} || r.Refine != 1 || r.Steps != 2 {
		t.Errorf("pictures of %v, maps of %v, %d steps, %d refined", r.Size, r.MapSize, r.Steps, r.Refine)
	}
	if err := os.WriteFile(filepath.Join(dir, anomalyany.DefaultsFile), []byte(`{"steps": 9, "map_factor": 4}`), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := parse(t, "--from", filepath.Join(f.Out, "hazelnut-crack-0000.png"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(f.numbers(), again.numbers()); diff != "" {
		t.Errorf("--from: want -, got +:\n%s", diff)
	}
}

// TestWords says which words the model does not know, before and on the page.
func TestWords(t *testing.T) {
	f := small(t)
	f.Model = modelWith(t, someDefaults)
	m, err := openModel(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, c := range []struct {
		object, anomaly string
		warns           []string
		notes           int
	}{
		{"red bottle cap", "deep crack", nil, 0},
		{"hazelnut", "crack", nil, 1},
		{"gasket", "crack", []string{`this model knows hazelnut, bottle cap; "gasket" is not among them`}, 1},
		{"big hazlenut", "carck", []string{`did you mean "hazelnut"?`, `did you mean "crack"?`}, 2},
		{"gasket", "tear", []string{`"gasket"`, `this model knows crack; "tear" is not among them`}, 2},
		{"", "tear", []string{`"tear"`}, 1},
	} {
		f.Object, f.Anomaly = c.object, []string{c.anomaly}
		var out strings.Builder
		m.warnOfWords(&out, f)
		if n := strings.Count(out.String(), "\n"); n != len(c.warns) {
			t.Errorf("%s, %s: %d warnings, want %d:\n%s", c.object, c.anomaly, n, len(c.warns), &out)
		}
		for _, part := range c.warns {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s, %s: no %q in\n%s", c.object, c.anomaly, part, &out)
			}
		}
		if notes := m.notes(f); len(notes) != c.notes {
			t.Errorf("%s, %s: notes %q, want %d", c.object, c.anomaly, notes, c.notes)
		}
	}
	f.Object, f.Anomaly = "hazelnut", []string{"crack"}
	runAll(t, f)
	page, err := os.ReadFile(filepath.Join(f.Out, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	const note = "unseen pair: hazelnut and crack were never together in training"
	if r := readRecord(t, f, "hazelnut-crack-0000.json"); !cmp.Equal(r.Notes, []string{note}) || !strings.Contains(string(page), note) {
		t.Errorf("the record notes %q; the page:\n%s", r.Notes, page)
	}
}
