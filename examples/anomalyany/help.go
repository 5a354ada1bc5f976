package main

import (
	"fmt"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// printHelp prints the help with the numbers that flags have for the model which the
// command line names, and says whose they are.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	given := givenFlags(ctx)
	values, err := suiting(given)
	if err == nil {
		addRules(given, values)
	}
	for _, flag := range ctx.Flags() {
		switch value, ok := values[flag.Name]; {
		case !ok:
		case flag.HasDefault:
			flag.Default = fmt.Sprint(value)
		default:
			flag.PlaceHolder = fmt.Sprint(value)
		}
	}
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(ctx.Stdout, "\n%s\n", whoseNumbers(given, err))
	return err
}

// addRules adds to the numbers that suit a model those that follow from them.
func addRules(given, values map[string]any) {
	preset := fmt.Sprint(values["preset"])
	if p, ok := given["preset"].(string); ok {
		preset = p
	}
	if preset != string(anomalyany.ReleasedPreset) {
		values["strength"] = complement(asNumber(values["gamma"], anomalyany.Paper().Gamma))
		return
	}
	if numbers := anomalyany.Released(); values["steps"] == nil {
		values["steps"], values["guidance"] = numbers.Steps, numbers.Guidance
	}
}

// asNumber is a number from a text, or a default where there is none.
func asNumber(text any, otherwise float64) float64 {
	var v float64
	if _, err := fmt.Sscan(fmt.Sprint(text), &v); err != nil {
		return otherwise
	}
	return v
}

// whoseNumbers says it of those in the help; wrong is why the model's own are not known.
func whoseNumbers(given map[string]any, wrong error) string {
	model, _ := given["model"].(string)
	random, _ := given["random"].(bool)
	name, _ := given["generator"].(string)
	asked := Spec{Model: model, Random: random, Generating: Generating{Generator: name}}
	switch {
	case !asked.needsModel():
		return fmt.Sprintf("The numbers suit --generator %s, which needs no model: of a --size of 0 the photograph has its own.", name)
	case wrong != nil:
		return fmt.Sprintf("The numbers suit Stable Diffusion 1.5, and perhaps not this model: %v", wrong)
	case asked.usesEmbedded():
		return "The numbers suit the small model that comes with the program; with --model DIR, --help shows those of another."
	case model != "":
		return fmt.Sprintf("The numbers suit %s, by its %s where it has one.", model, anomalyany.DefaultsFile)
	}
	return "The numbers suit Stable Diffusion 1.5."
}
