package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

func newParser(c *commandLine) cli.Parser {
	return cli.NewParser("anomalyany", "Pictures of unseen defects, with masks, from one normal photograph and a sentence (AnomalyAny, CVPR 2025). Without flags: what the model can do that comes with the program. "+
		"Numbers that are not given are those that suit the model.", c, kong.ExplicitGroups(flagGroups), kong.Help(printHelp))
}

// flagGroups are those of the flags in the help, whose order is that of the flags.
var flagGroups = []kong.Group{
	{Key: "photograph", Title: "The photograph:"},
	{Key: "part", Title: "The part stays the part:"},
	{Key: "words", Title: "What it shows, and what is to be wrong with it:"},
	{Key: "pictures", Title: "The pictures:"},
	{Key: "again", Title: "Going on, and making a picture again:"},
	{Key: "good", Title: "Which pictures are good; the others failed:"},
	{Key: "data", Title: "Data sets of the good pictures:"},
	{Key: "generator", Title: "Other generators of defects:"},
	{Key: "algorithm", Title: "The algorithm (AnomalyAny), with the paper's symbols:"},
	{Key: "ablation", Title: "Parts of the algorithm to leave out, to see what they do:"},
	{Key: "model", Title: "The model:"},
	{Key: "machine", Title: "The machine:"},
}

// commandLine is what kong reads. All commands share the flags.
type commandLine struct {
	Spec       Spec     `embed:""`
	Make       Making   `cmd:"" default:"withargs" help:"Make pictures: the command where none is named."`
	Ablate     Ablation `cmd:"" help:"Measure the algorithm, and it without each of its parts, on drawn pictures; with --image compare them on one picture, side by side."`
	Categories struct{} `cmd:"" help:"List what --category and --defect know."`
	Weights    Weights  `cmd:"" help:"Say where the weights for photographs are to be had and which are there, or fetch a model and CLIP from the Hugging Face hub."`
	Review     Review   `cmd:"" help:"Serve the page of the folder --out at an address of this machine, with buttons to accept and reject pictures."`
	Export     struct{} `cmd:"" help:"Make data sets of the pictures in the folder --out, as --layout says; no model is needed."`
	Accept     Decide   `cmd:"" help:"Have pictures of the folder --out in data sets, even those that failed."`
	Reject     Decide   `cmd:"" help:"Leave pictures of the folder --out out of data sets; their files stay."`
	Undecide   Decide   `cmd:"" help:"Take back what accept and reject said: the scores decide."`

	command string // which is asked for
	again   bool   // it is read once more
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
	}
	if a, ok := given["from"].(*again); !ok || a.another {
		values, err := suiting(given)
		if err != nil {
			return err
		}
		value = func(flag string) any {
			if ok && a.passesOn(flag) {
				return a.value(flag)
			}
			return values[flag]
		}
	}
	ctx.AddResolver(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		return value(flag.Name), nil
	}))
	return nil
}

// suiting are the values of flags that suit the model which is asked for, as its
// anomalyany.json says. Another preset's numbers do not suit the one that is given.
func suiting(given map[string]any) (map[string]any, error) {
	var asked Spec
	if asked.Generator, _ = given["generator"].(string); !asked.needsModel() {
		return othersNumbers(asked.Generator), nil
	}
	asked.Model, _ = given["model"].(string)
	asked.Variant, _ = given["variant"].(string)
	asked.Random, _ = given["random"].(bool)
	d, err := asked.readDefaults()
	if err != nil {
		return nil, err
	}
	o, values := d.Options, map[string]any{}
	if given["shape"] != nil {
		o = d.Shapes
	}
	if d.Size > 0 {
		values["size"] = d.Size
	}
	if o.MapFactor > 0 {
		values["map-factor"] = o.MapFactor
	}
	l := d.Limits
	values["min-area"], values["max-area"], values["max-outside"], values["min-inside"] = 100*l.MinArea, 100*l.MaxArea, 100*l.MaxOutside, 100*l.MinInside
	values["min-focus"], values["min-confidence"], values["min-part"], values["min-sees"] = l.MinFocus, l.MinConfidence, l.MinPart, l.MinSees
	values["min-clip"], values["min-gain"] = l.MinMargin, l.MinGain
	if d.Precision != "" {
		values["precision"] = d.Precision
	}
	if d.Articles != "" {
		values["articles"] = d.Articles
	}
	if asked.isOther() {
		preset, _ := given["preset"].(string)
		values["guidance"] = o.Guidance
		return modelNumbers(asked.Generator, preset, values), nil
	}
	preset := given["preset"]
	if preset == string(anomalyany.FastPreset) && o.Preset == anomalyany.PaperPreset {
		o = o.Fast()
	}
	if preset == nil || preset == string(o.Preset) {
		values["preset"], values["steps"], values["guidance"] = o.Preset, o.Steps, o.Guidance
		if o.Preset != anomalyany.ReleasedPreset {
			values["gamma"], values["lambda"], values["mu"], values["eta-e"], values["refine"], values["fill"] = o.Gamma, o.Lambda, o.Mu, o.EtaE, o.Refine, o.Fill
		}
	}
	for flag, v := range values {
		values[flag] = fmt.Sprint(v)
	}
	return values, nil
}

// othersNumbers are the values of flags that suit a generator which needs no model: the photograph's own size, and limits
// that let its authors' pictures pass. Scars of CutPaste are small; the masks of NSA have all that changed at all.
func othersNumbers(generator string) map[string]any {
	values := map[string]any{"size": "0", "preset": string(generate.Mended), "min-area": "0.02", "min-inside": "10"}
	if generator == "nsa" {
		values["min-inside"] = "0"
	}
	return values
}

// modelNumbers are the values of flags that suit another generator with a model, of those that suit AnomalyAny and the
// model.
func modelNumbers(generator, preset string, ofModel map[string]any) map[string]any {
	numbers := generate.DefaultSDAS()
	steps, guidance := numbers.Steps, numbers.Guidance
	if generator == learns {
		numbers := generate.DefaultAnomalyDiffusion()
		if preset == string(generate.Released) {
			numbers = generate.ReleasedAnomalyDiffusion()
		}
		steps, guidance = numbers.Steps, numbers.Guidance
	}
	if generator == grafts {
		numbers := generate.DefaultO2MAG()
		steps, guidance = numbers.Steps, numbers.Guidance
	}
	values := map[string]any{"steps": fmt.Sprint(steps), "guidance": fmt.Sprint(guidance)}
	if generator == learns && preset != string(generate.Released) {
		values["guidance"] = fmt.Sprint(ofModel["guidance"]) // the authors have none, with which there are half as many defects
	}
	maps.Copy(values, othersNumbers(generator))
	delete(values, "size")
	for _, flag := range []string{"size", "precision", "articles"} {
		if v, ok := ofModel[flag]; ok {
			values[flag] = fmt.Sprint(v)
		}
	}
	return values
}

// paperFlags are those that preset released has not.
var paperFlags = []string{"strength", "gamma", "lambda", "mu", "eta-e", "refine", "fill"}

// givenFlags are the values of the flags on the command line, by their names.
func givenFlags(ctx *kong.Context) map[string]any {
	given := map[string]any{}
	for _, p := range ctx.Path {
		if p.Flag != nil {
			given[p.Flag.Name] = ctx.FlagValue(p.Flag)
		}
		if p.Positional != nil && p.Positional.Name == "photograph" {
			given["image"] = p.Positional.Target.Interface()
		}
	}
	return given
}

// Validate is called by kong with what was given, here, in --from's picture or in
// the model directory, before it has the Spec validated: what was not given may
// depend on what was.
func (c *commandLine) Validate(ctx *kong.Context) error {
	s, given, typed := &c.Spec, map[string]bool{}, map[string]bool{}
	for _, p := range ctx.Path {
		if p.Flag == nil {
			continue
		}
		given[p.Flag.Name] = true
		typed[p.Flag.Name] = typed[p.Flag.Name] || !p.Resolved
		if name := p.Flag.Name; s.released() && !p.Resolved && slices.Contains(paperFlags, name) {
			return fmt.Errorf("--%s is a number of --preset paper", name)
		}
	}
	if err := cmp.Or(s.checkGenerator(typed), s.useStrength(typed), s.checkNamed(typed)); err != nil {
		return err
	}
	if s.Preset == string(anomalyany.FastPreset) && !given["steps"] {
		s.Steps = anomalyany.Fast().Steps
	}
	if numbers := anomalyany.Released(); s.released() {
		if !given["steps"] {
			s.Steps = numbers.Steps
		}
		if !given["guidance"] {
			s.Guidance = numbers.Guidance
		}
	}
	var commands []string
	for _, command := range ctx.Model.Children {
		commands = append(commands, command.Name)
	}
	if err := s.add(c.Make.Photograph, commands); err != nil {
		return err
	}
	c.command, _, _ = strings.Cut(ctx.Command(), " ") // without names of arguments
	s.Drawn = c.command == "ablate"
	if c.command == "export" && len(s.Layout) == 0 {
		return fmt.Errorf("export needs --layout, want one or several of %s", strings.Join(layoutNames(), ", "))
	}
	if c.command == "ablate" && len(s.Layout) > 0 {
		return errors.New("--layout makes data sets of pictures, and ablate measures: leave one of them out")
	}
	if !given["feather"] {
		s.Feather = min(s.Feather, s.Margin)
	}
	s.settleFill(os.Stderr, s.Mask != "" || s.Shape != "")
	if c.command == "make" && s.isDemo() && !given["n"] {
		s.N = demoPictures
	}
	return nil
}

// useStrength makes --strength, where it is typed, the γ that it stands for.
func (s *Spec) useStrength(typed map[string]bool) error {
	switch {
	case !typed["strength"]:
		return nil
	case typed["gamma"]:
		return errors.New("--strength and --gamma are two ways to say the same: strength is 1 - γ; give one of them")
	case !(s.Strength > 0 && s.Strength <= 1):
		return fmt.Errorf("--strength is %g, want more than 0 and at most 1", s.Strength)
	}
	s.Gamma = complement(s.Strength)
	return nil
}

// complement is 1 - share, without the error of the subtraction: 0.3, and not
// 0.30000000000000004, of 0.7.
func complement(share float64) float64 { return math.Round((1-share)*1e9) / 1e9 }

// checkNamed refuses an empty --object, which would ask for nothing and get the
// pictures of no question: an empty variable of a script. With --from it takes the
// picture's object away.
func (s *Spec) checkNamed(typed map[string]bool) error {
	for flag, text := range map[string]string{"object": s.Object, "prompt": s.Prompt} {
		if typed[flag] && text == "" && s.Again == nil && s.isDemo() {
			return fmt.Errorf("--%s: its value is empty; leave --%s out where nothing is meant", flag, flag)
		}
	}
	return nil
}
