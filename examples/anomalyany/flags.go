package main

import (
	"fmt"
	"slices"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

func newParser(c *commandLine) cli.Parser {
	return cli.NewParser("anomalyany", "Pictures of unseen defects, with masks, from one normal photograph and a sentence (AnomalyAny, CVPR 2025). Without flags: what the model can do that comes with the program. "+
		"Numbers that are not given are those of the model directory's anomalyany.json, where it has one, or the following.", c)
}

// commandLine is what kong reads. All commands share the flags.
type commandLine struct {
	Spec       Spec     `embed:""`
	Make       struct{} `cmd:"" default:"1" help:"Make pictures: the command where none is named."`
	Ablate     Ablation `cmd:"" help:"Measure the algorithm, and it without each of its parts, on drawn pictures; with --image compare them on one picture, side by side."`
	Categories struct{} `cmd:"" help:"List what --category and --defect know."`
	Weights    struct{} `cmd:"" help:"Say where the weights for photographs are to be had."`

	command string // which is asked for
}

// BeforeResolve has flags that are not given stand for something else than their
// defaults: the options of --from's picture, or the numbers that suit the model.
// Kong calls it between reading the command line and filling in such flags.
func (c *commandLine) BeforeResolve(ctx *kong.Context) error {
	given := givenFlags(ctx)
	var value func(flag string) any // nil for its default
	if a, ok := given["from"].(*again); ok {
		if err := a.read(ctx, given); err != nil {
			return err
		}
		value = a.value
	} else {
		values, err := suiting(ctx, given)
		if err != nil {
			return err
		}
		value = func(flag string) any { return values[flag] }
	}
	ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		return value(flag.Name), nil
	}))
	return nil
}

// suiting are the values that suit the model which is asked for.
func suiting(ctx *kong.Context, given map[string]any) (map[string]any, error) {
	var asked Spec
	asked.Model, _ = given["model"].(string)
	asked.Random, _ = given["random"].(bool)
	d, err := asked.readDefaults()
	if err != nil {
		return nil, err
	}
	values := resolvable(d, given["preset"])
	if asked.usesEmbedded() && !asksForPictures(ctx) {
		values["n"] = demoPictures
	}
	for flag, v := range values {
		values[flag] = fmt.Sprint(v)
	}
	return values, nil
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
func (c *commandLine) AfterApply(ctx *kong.Context) error {
	c.command = ctx.Command()
	if !c.Spec.released() {
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
		c.Spec.Steps = numbers.Steps
	}
	if !given["guidance"] {
		c.Spec.Guidance = numbers.Guidance
	}
	return nil
}
