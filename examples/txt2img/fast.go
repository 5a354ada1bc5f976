package main

import (
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// fast is how a model for few steps wants to be sampled: what the authors of the published ones say.
type fast struct {
	scheduler, spacing string
	eta                *float64
	steps              int     // where --steps does not say
	most               int     // steps
	guidance           float64 // where --guidance does not say
	mostGuidance       float64
}

// fastModels are the kinds of models for few steps, by the word that their names have: latent consistency (Luo et al.
// 2023), SDXL-Lightning (Lin et al. 2024), Hyper-SD (Ren et al. 2024), trajectory consistency (Zheng et al. 2024) and
// adversarial distillation (Sauer et al. 2023). Lightning's and Hyper-SD's are for one number of steps each, which
// --steps has to say.
var fastModels = map[string]fast{
	"lcm":       {scheduler: "lcm", steps: 4, most: 8, guidance: 1, mostGuidance: 2},
	"lightning": {scheduler: "euler", spacing: "trailing", steps: 4, most: 8, guidance: 1, mostGuidance: 2},
	"hyper":     {scheduler: "ddim", spacing: "trailing", steps: 4, most: 8, guidance: 1, mostGuidance: 8},
	"tcd":       {scheduler: "tcd", eta: new(0.3), steps: 4, most: 8, guidance: 1, mostGuidance: 2},
	"turbo":     {scheduler: "euler-a", spacing: "trailing", steps: 4, most: 4, guidance: 1, mostGuidance: 1},
}

// fastNames are the values of --fast.
func fastNames() []string { return slices.Sorted(maps.Keys(fastModels)) }

// setFast sets what --fast says wherever the command line does not.
func (f *flags) setFast() {
	model, ok := fastModels[f.Fast]
	if !ok {
		return
	}
	set(f, "scheduler", &f.Scheduler, model.scheduler)
	set(f, "spacing", &f.Spacing, model.spacing)
	set(f, "steps", &f.Steps, model.steps)
	set(f, "guidance", &f.Guidance, model.guidance)
	if f.Scheduler == model.scheduler {
		set(f, "eta", &f.Eta, model.eta)
	}
}

func set[T any](f *flags, flag string, to *T, value T) {
	if !f.given[flag] {
		*to = value
	}
}

// warnOfFewSteps says where a model is by its name for few steps and the run has others, or more guidance.
func (f *flags) warnOfFewSteps(w io.Writer) {
	words := strings.FieldsFunc(strings.ToLower(filepath.Base(f.Model)), func(r rune) bool { return !unicode.IsLetter(r) })
	for _, name := range fastNames() {
		if model := fastModels[name]; slices.Contains(words, name) && (f.Steps > model.most || f.Guidance > model.mostGuidance) {
			fmt.Fprintf(w, "warning: %s is by its name a model for few steps, at most %d with a guidance of at most %g; this run has %d and %g: --fast %s sets what it wants\n",
				filepath.Base(f.Model), model.most, model.mostGuidance, f.Steps, f.Guidance, name)
		}
	}
}

// warnOfUnasked says where a model was trained to begin at noise alone and the run begins later: every picture is then of
// the same brightness.
func (j *job) warnOfUnasked(w io.Writer, first float64) {
	if last := float64(j.config.NumTrainTimesteps - 1); j.config.RescaleBetas && first < last {
		fmt.Fprintf(w, "warning: the model was trained to begin at timestep %g (rescale_betas_zero_snr), and the run begins at %g: --spacing trailing begins where it wants\n", last, first)
	}
}
