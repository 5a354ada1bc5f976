package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
)

// --fast sets what the command line does not.
func TestFast(t *testing.T) {
	type values struct {
		Scheduler, Spacing string
		Steps              int
		Guidance, Eta      float64
	}
	for line, want := range map[string]values{
		"":                                    {"dpmpp2m", "", 25, 7.5, -1},
		"--fast lcm":                          {"lcm", "", 4, 1, -1},
		"--fast tcd":                          {"tcd", "", 4, 1, 0.3},
		"--fast lcm --steps 8 --guidance 1.5": {"lcm", "", 8, 1.5, -1},
		"--fast lightning --steps 2":          {"euler", "trailing", 2, 1, -1},
		"--fast hyper --steps 1":              {"ddim", "trailing", 1, 1, -1},
		"--fast turbo --spacing leading":      {"euler-a", "leading", 4, 1, -1},
		"--fast tcd --eta 0":                  {"tcd", "", 4, 1, 0},
		"--fast tcd --scheduler euler":        {"euler", "", 4, 1, -1},
	} {
		var f flags
		if _, err := newParser(&f).Parse(append([]string{"--model", modelA, "--prompt", "a cat"}, strings.Fields(line)...)); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		got := values{f.Scheduler, f.Spacing, f.Steps, f.Guidance, -1}
		if f.Eta != nil {
			got.Eta = *f.Eta
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

// Every kind of model for few steps makes a picture, and η and spacing make others.
func TestFastPictures(t *testing.T) {
	files := map[string]bool{}
	for _, kind := range fastNames() {
		f := small(t)
		f.Fast, f.Negative = kind, ""
		_, path := runOne(t, f)
		files[string(readFile(t, path))] = true
	}
	for _, change := range []func(f *flags){func(*flags) {}, func(f *flags) { f.Eta = share(1) }, func(f *flags) { f.Spacing = "trailing" }} {
		f := small(t)
		change(&f)
		_, path := runOne(t, f)
		files[string(readFile(t, path))] = true
	}
	if want := len(fastModels) + 3; len(files) != want {
		t.Errorf("%d pictures, want %d that differ", len(files), want)
	}
}

// A model for few steps that is sampled as others are comes with a warning, and so does one that is never asked for the
// timestep that it was trained to begin at.
func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		model    string
		steps    int
		guidance float64
		says     string
	}{
		{"models/LCM_Dreamshaper_v7.safetensors", 25, 7.5, "at most 8 with a guidance of at most 2; this run has 25 and 7.5: --fast lcm"},
		{"LCM_Dreamshaper_v7", 4, 1, ""}, {"sd-turbo", 4, 1.5, "--fast turbo"}, {"Hyper-SD15-4steps", 25, 1, "--fast hyper"},
		{"dreamshaper_8", 25, 7.5, ""}, {"turbocharged", 25, 7.5, ""},
	} {
		var b strings.Builder
		f := flags{Model: c.model, Steps: c.steps, Guidance: c.guidance}
		f.warnOfFewSteps(&b)
		if got := b.String(); !strings.Contains(got, c.says) || (c.says == "") != (got == "") {
			t.Errorf("%s: %q, want what says %q", c.model, got, c.says)
		}
	}
	for first, want := range map[float64]bool{961: true, 999: false} {
		var b strings.Builder
		j := job{config: diffusion.SchedulerConfig{RescaleBetas: true, NumTrainTimesteps: 1000}}
		if j.warnOfUnasked(&b, first); strings.Contains(b.String(), "--spacing trailing") != want {
			t.Errorf("a run from %g: %q", first, b.String())
		}
	}
}
