package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// TestPresets gives command lines and looks at the numbers that they stand for.
func TestPresets(t *testing.T) {
	f := small(t)
	for name, c := range map[string]struct {
		args     []string
		steps    int
		guidance float32
		run      int
		tokens   []int
		prompt   string
	}{
		"paper":       {[]string{"--steps=4"}, 4, 7.5, 3, []int{8}, "a photo of a hazelnut with a crack on it"},
		"fast":        {[]string{"--preset=fast"}, 12, 7.5, 9, []int{8}, "a photo of a hazelnut with a crack on it"},
		"fast, fewer": {[]string{"--preset=fast", "--steps=4", "--guidance=3"}, 4, 3, 3, []int{8}, "a photo of a hazelnut with a crack on it"},
		"released": {[]string{"--preset=released", "--steps=8"}, 8, 12.5, 3, []int{8},
			"a photo of a hazelnut with a crack on it"},
		"guidance": {[]string{"--preset=released", "--steps=4", "--guidance=3", "--normal=a nut"}, 4, 3, 2, []int{8},
			"a photo of a hazelnut with a crack on it"},
		"words": {[]string{"--steps=2", "--anomaly=hazelnut"}, 2, 7.5, 2, []int{5, 8}, // of the first hazelnut
			"a photo of a hazelnut with a crack and a hazelnut on it"},
	} {
		out := filepath.Join(t.TempDir(), "out")
		args := append([]string{"--model", modelA, "--image", f.Image, "--object", "hazelnut", "--anomaly", "crack", "--size", "64", "--out", out}, c.args...)
		if text, err := clitest.Program(t, args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		of := f
		of.Out = out
		stem := "hazelnut-crack-0000.json"
		if name == "words" {
			stem = "hazelnut-crack-hazelnut-0000.json"
		}
		r := readRecord(t, of, stem)
		if r.Options.Steps != c.steps || r.Options.Guidance != c.guidance || r.Steps != c.run {
			t.Errorf("%s: T = %d, guidance %g, %d steps; want %d, %g, %d", name, r.Options.Steps, r.Options.Guidance, r.Steps, c.steps, c.guidance, c.run)
		}
		if diff := cmp.Diff(c.tokens, r.Anomaly); diff != "" || r.Prompt != c.prompt {
			t.Errorf("%s: prompt %q, tokens want -, got +:\n%s", name, r.Prompt, diff)
		}
	}
}

// TestCommands refuses what a preset has not, and compares configurations.
func TestCommands(t *testing.T) {
	f := small(t)
	args := []string{"--model", modelA, "--image", f.Image, "--object", "hazelnut", "--anomaly", "crack", "--size", "64", "--steps", "4", "--out", f.Out}
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"ablate":         {[]string{"ablate"}, "hazelnut-crack-0000-ablation.png"},
		"lambda":         {[]string{"--preset=released", "--lambda=3"}, "--lambda is a number of --preset paper"},
		"part":           {[]string{"--preset=released", "--no-refine"}, "ablations of --preset paper"},
		"unknown preset": {[]string{"--preset=other"}, `"paper","fast","released"`},
		"no normal":      {[]string{"--preset=released", "--object=", "--prompt=a crack"}, "--normal TEXT is missing"},
	} {
		text, err := clitest.Program(t, append(args, c.args...)...).CombinedOutput()
		if (err == nil) != (name == "ablate") || !strings.Contains(string(text), c.says) {
			t.Errorf("%s: %v; want %q in\n%s", name, err, c.says, text)
		}
	}
}
