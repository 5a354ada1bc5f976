package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// list is the list of cases in testdata.
const list = "testdata/cases.json"

// TestSamplers compares runs of schedulers with diffusers: timesteps, noise levels, the first and the last latent, and
// which steps draw noise.
func TestSamplers(t *testing.T) {
	o := options{Model: model("a"), Run: "samplers", Rtol: 2e-5, Config: "testdata/samplers.json",
		In: "testdata/samplers_in.safetensors", Ref: "testdata/samplers_ref.safetensors"}
	if err := run(t.Context(), o); err != nil {
		t.Error(err)
	}
	for change, says := range map[string]string{
		`"draws": []`:             "the steps [0] draw noise",
		`"init_noise_sigma": 2.0`: "init_noise_sigma is 1, want 2",
		`"steps": 2000`:           "2000 steps",
		`"eta": 2`:                "WithEta(2)",
	} {
		o.Config = filepath.Join(t.TempDir(), "runs.json")
		text := `[{"name": "one", "scheduler": {"_class_name": "DDIMScheduler"}, "steps": 1, "eta": 1, ` + change + `}]`
		if err := os.WriteFile(o.Config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), o); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "one") {
			t.Errorf("%s: error %v, want one that says %s", change, err, says)
		}
	}
	o.Config = ""
	if err := run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--config FILE.json is missing") {
		t.Errorf("without a list: error %v", err)
	}
}

// TestCases runs a list: what there is, what must fail, what is passed over, and what fails though it must not.
func TestCases(t *testing.T) {
	lines := func(cases, only string) (string, error) {
		var b bytes.Buffer
		err := runCases(t.Context(), &b, options{Cases: cases, Only: only, Rtol: 1e-3})
		return b.String(), err
	}
	got, err := lines(list, "")
	if err != nil {
		t.Fatalf("%v\n%s", err, got)
	}
	wantParts(t, got, "ok           samplers: ", "at most 2e-05", "ok           prompts: ", "ok           bad-taken: it fails as it must",
		"passed over  lora: there is no --lora", "6 cases ran, 1 were passed over")
	if got, err = lines(list, "bad-*"); err != nil || strings.Contains(got, "samplers") || !strings.Contains(got, "3 cases ran, 0") {
		t.Errorf("--only bad-*: %v\n%s", err, got)
	}
	if _, err = lines(list, "x*"); err == nil || !strings.Contains(err.Error(), "no case whose name matches --only x*") {
		t.Errorf("--only x*: error %v", err)
	}

	absolute := func(path string) string {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		return filepath.ToSlash(path)
	}
	common := `"model": "` + absolute(model("a")) + `", "in": "` + absolute(golden("a", "text_in.safetensors")) + `"`
	good := `"ref": "` + absolute(golden("a", "text_ref.safetensors")) + `"`
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "cases.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	got, err = lines(write(`[{"name": "runs", "run": "text", `+common+`, "error": ["nothing"]},
		{"name": "far", "run": "text", `+common+`, `+good+`, "rtol": 0}, {"name": "near", "run": "text", `+common+`, `+good+`},
		{"name": "other", "run": "unet", `+common+`, "error": ["sample", "no such word"]}, {"name": "new", "run": "text2", `+common+`, `+good+`}]`), "")
	if err == nil || !strings.Contains(err.Error(), "3 of 4 cases failed: runs, far, other") {
		t.Errorf("error %v, want one that names three of four cases\n%s", err, got)
	}
	wantParts(t, got, "FAILED       runs: it runs, and must fail", "FAILED       far: ", "last_hidden_state: ratio", "ok           near: ",
		`FAILED       other: the error must say "no such word"`, `passed over  new: there is no component "text2"`)

	for text, says := range map[string]string{
		`{}`: "want a list of", `[{"name": "a"}]`: "case 0", `[{"name": "a", "run": "text", "model": "m"}]`: "case a wants either",
	} {
		if _, err := lines(write(text), ""); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want one that says %s", text, err, says)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := runCases(ended, &bytes.Buffer{}, options{Cases: list}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: error %v", err)
	}
}
