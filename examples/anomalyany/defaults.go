package main

import (
	"fmt"
	"slices"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// BeforeResolve lets the model directory's anomalyany.json stand for the numbers
// that are not given. Kong calls it between reading the command line and filling
// in flags from elsewhere. A picture of --from has all its numbers itself.
func (f *flags) BeforeResolve(ctx *kong.Context) error {
	given := givenFlags(ctx)
	if given["from"] != nil {
		return nil
	}
	var asked flags
	asked.Model, _ = given["model"].(string)
	asked.Random, _ = given["random"].(bool)
	d, err := asked.readDefaults()
	if err != nil {
		return err
	}
	values := resolvable(d, given["preset"])
	if asked.usesEmbedded() && !asksForPictures(ctx) {
		values["n"] = demoPictures
	}
	ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if v, ok := values[flag.Name]; ok {
			return fmt.Sprint(v), nil
		}
		return nil, nil
	}))
	return nil
}

// asksForPictures tells whether the command line says what is to be made.
func asksForPictures(ctx *kong.Context) bool {
	return slices.ContainsFunc(ctx.Path, func(p *kong.Path) bool {
		return p.Flag != nil && slices.Contains(asking, p.Flag.Name) || p.Command != nil && p.Command.Name != "make"
	})
}

// asking are the flags that say what is to be made.
var asking = []string{"image", "mask", "object", "anomaly", "prompt", "normal", "detail", "negative", "category", "defect"}

// resolvable are the values of flags that a model directory's defaults stand for
// beside a given preset, nil for none. Another preset's numbers do not suit it.
func resolvable(d anomalyany.Defaults, preset any) map[string]any {
	o, values := d.Options, map[string]any{}
	if d.Size > 0 {
		values["size"] = d.Size
	}
	if o.MapFactor > 0 {
		values["map-factor"] = o.MapFactor
	}
	if d.Precision != "" {
		values["precision"] = d.Precision
	}
	if preset != nil && preset != string(o.Preset) {
		return values
	}
	values["preset"], values["steps"], values["guidance"] = string(o.Preset), o.Steps, o.Guidance
	if o.Preset == anomalyany.PaperPreset {
		values["gamma"], values["lambda"], values["mu"], values["eta-e"], values["refine"] = o.Gamma, o.Lambda, o.Mu, o.EtaE, o.Refine
	}
	return values
}

// paperFlags are those of preset paper alone.
var paperFlags = []string{"gamma", "lambda", "mu", "eta-e", "refine"}

// givenFlags are the values of the flags on the command line, by their names.
func givenFlags(ctx *kong.Context) map[string]any {
	given := map[string]any{}
	for _, p := range ctx.Path {
		if p.Flag != nil {
			given[p.Flag.Name] = ctx.FlagValue(p.Flag)
		}
	}
	return given
}

// AfterApply is called by kong with what was given, here, in --from's picture or
// in the model directory: the numbers that were not are the preset's.
func (f *flags) AfterApply(ctx *kong.Context) error {
	if !f.released() {
		return nil
	}
	given := map[string]bool{}
	for _, p := range ctx.Path {
		if p.Flag == nil {
			continue
		}
		given[p.Flag.Name] = true
		if name := p.Flag.Name; !p.Resolved && slices.Contains(paperFlags, name) {
			return fmt.Errorf("--%s is a number of --preset paper", name)
		}
	}
	numbers := anomalyany.Released()
	if !given["steps"] {
		f.Steps = numbers.Steps
	}
	if !given["guidance"] {
		f.Guidance = numbers.Guidance
	}
	return nil
}
