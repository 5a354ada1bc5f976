package anomalyany

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// DefaultsFile is the file of a model directory that says which numbers and
// words suit the model. Every field may be absent:
//
//	{
//	  "preset": "paper",      or "fast", or "released"
//	  "size": 128,            of a picture's shorter side, in pixels
//	  "map_factor": 1,        Options.MapFactor
//	  "precision": "f32",     of products, or "bf16"
//	  "steps": 50,            Options.Steps, T
//	  "guidance": 3,          Options.Guidance, w
//	  "gamma": 0.4,           Options.Gamma, γ: this and the following not of preset released
//	  "lambda": 2,            Options.Lambda, λ
//	  "mu": 1,                Options.Mu, μ
//	  "eta_e": 0.02,          Options.EtaE, η_e
//	  "refine": 8,            Options.Refine, R
//	  "shapes": {"fill": 1, "gamma": 0},  these in pictures whose defect is to fill a shape: Options.Fill and γ
//	  "articles": "always",   of the captions that it was trained on: "a wood", or "fitting", "wood"
//	  "limits": {             Limits, of which any may be absent
//	    "max_outside": 0.05,
//	    "min_gain": 0.01
//	  },
//	  "vocabulary": {
//	    "objects": ["hazelnut", "bottle cap"],
//	    "anomalies": ["crack", "hole"],
//	    "unseen": {"hazelnut": ["crack"]}
//	  }
//	}
const DefaultsFile = "anomalyany.json"

// Defaults are what a model's DefaultsFile says, with the numbers of its preset
// where it says nothing.
type Defaults struct {
	Options    Options // without words
	Shapes     Options // the same for pictures whose defect is to fill the shape of its mask; as Options where the file does not say
	Size       int     // of a picture's shorter side, in pixels; 0 where the file does not say
	Precision  string  // of products, "f32" or "bf16"; "" where the file does not say
	Articles   string  // "fitting" or "always", as prompts.Articles has them; "" where the file does not say
	Limits     Limits  // of what passes; DefaultLimits where the file does not say
	Vocabulary Vocabulary
}

// Vocabulary is the words that a model was trained on. A list is empty where the
// model's file does not say.
type Vocabulary struct {
	Objects   []string `json:"objects"`   // what is on the pictures, such as "bottle cap"
	Anomalies []string `json:"anomalies"` // what is wrong with it, such as "crack"

	// Unseen has, for objects, the anomalies that they never had in training: the
	// model knows both words, but not together.
	Unseen map[string][]string `json:"unseen"`
}

// What a DefaultsFile may have; the small model that comes with anomalyany knows
// 19 words.
const (
	maxDefaults  = 1 << 20 // bytes
	maxSize      = 1 << 14 // pixels
	maxMapFactor = 1 << 10
	maxWords     = 1000 // of a kind
	maxWord      = 200  // bytes
)

// ReadDefaults reads the DefaultsFile of a model directory. Without the file
// everything is as in preset paper. A field that is unknown or of the wrong type,
// and a number that is out of range, is ErrDamaged of package diffusion; the error
// names file and field.
func ReadDefaults(dir tensor.Dir) (Defaults, error) {
	data, err := dir.ReadUpTo(DefaultsFile, maxDefaults)
	if errors.Is(err, fs.ErrNotExist) {
		return Defaults{Options: Paper(), Shapes: Paper(), Limits: DefaultLimits()}, nil
	}
	if err != nil {
		return Defaults{}, err
	}
	d, err := parseDefaults(data)
	if err != nil {
		return d, fmt.Errorf("%s: %w%.0w", dir.Path(DefaultsFile), err, diffusion.ErrDamaged)
	}
	return d, nil
}

func parseDefaults(data []byte) (Defaults, error) {
	var fields map[string]json.RawMessage
	if err := nn.UnmarshalJSON(data, &fields); err != nil {
		return Defaults{}, fmt.Errorf("want a JSON object: %w", err)
	}
	d := Defaults{Options: Paper(), Limits: DefaultLimits()}
	if err := parseField(fields, "preset", &d.Options.Preset); err != nil {
		return d, err
	}
	switch d.Options.Preset {
	case FastPreset:
		d.Options = Fast()
	case ReleasedPreset:
		d.Options = Released()
	}
	into := d.fields()
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		target, known := into[name]
		switch {
		case !known && ofPaper[name]:
			return d, fmt.Errorf("%s is a number of preset %s, and the preset is %s", name, PaperPreset, d.Options.Preset)
		case !known:
			return d, fmt.Errorf("the field %.60q is not known; there are: %s", name, strings.Join(slices.Sorted(maps.Keys(into)), ", "))
		}
		if err := parseField(fields, name, target); err != nil {
			return d, err
		}
	}
	if err := d.parseShapes(fields); err != nil {
		return d, err
	}
	return d, d.validate(fields)
}

// parseShapes reads the numbers of pictures whose defect is to fill a shape.
func (d *Defaults) parseShapes(fields map[string]json.RawMessage) error {
	d.Shapes = d.Options
	return parseField(fields, "shapes", &struct {
		Fill  *float64 `json:"fill"`
		Gamma *float64 `json:"gamma"`
	}{&d.Shapes.Fill, &d.Shapes.Gamma})
}

// ofPaper are the fields that preset released has not.
var ofPaper = map[string]bool{"gamma": true, "lambda": true, "mu": true, "eta_e": true, "refine": true, "shapes": true}

// fields are where the file's fields go.
func (d *Defaults) fields() map[string]any {
	o := &d.Options
	all := map[string]any{
		"preset": &o.Preset, "size": &d.Size, "map_factor": &o.MapFactor, "steps": &o.Steps, "guidance": &o.Guidance,
		"gamma": &o.Gamma, "lambda": &o.Lambda, "mu": &o.Mu, "eta_e": &o.EtaE, "refine": &o.Refine,
		"shapes":    new(any), // which parseShapes reads, once all others are known
		"precision": &d.Precision, "articles": &d.Articles, "vocabulary": &d.Vocabulary, "limits": &d.Limits,
	}
	if o.Preset == ReleasedPreset {
		maps.DeleteFunc(all, func(name string, _ any) bool { return ofPaper[name] })
	}
	return all
}

// parseField reads a field, if it is there.
func parseField(fields map[string]json.RawMessage, name string, into any) error {
	text, ok := fields[name]
	if !ok {
		return nil
	}
	if string(text) == "null" {
		return fmt.Errorf("%s is null; leave the field out for its default", name)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s: a JSON %.60s, want %s", strings.TrimSuffix(name+"."+wrong.Field, "."), wrong.Value, jsonKind(wrong))
	}
	if err != nil {
		return fmt.Errorf("%s: %.200s", name, err)
	}
	return nil
}

// jsonKind is what a value must be, for people.
func jsonKind(wrong *json.UnmarshalTypeError) string {
	switch kind := wrong.Type.Kind().String(); kind {
	case "int":
		return "a whole number"
	case "float32", "float64":
		return "a number"
	case "slice":
		return "a list of texts"
	case "map", "struct":
		return "an object"
	}
	return "a text"
}

// validate checks the numbers, and of the size, the map factor and the precision
// that they can be where they are given.
func (d *Defaults) validate(given map[string]json.RawMessage) error {
	for name, n := range map[string]struct{ is, most int }{"size": {d.Size, maxSize}, "map_factor": {d.Options.MapFactor, maxMapFactor}} {
		if _, ok := given[name]; ok && n.is < 1 {
			return fmt.Errorf("%s is %d, want a whole number from 1 on", name, n.is)
		}
		if n.is > n.most {
			return fmt.Errorf("%s is %d, want at most %d", name, n.is, n.most)
		}
	}
	if _, ok := given["precision"]; ok && d.Precision != "f32" && d.Precision != "bf16" {
		return fmt.Errorf("precision is %.60q, want f32 or bf16", d.Precision)
	}
	if _, ok := given["articles"]; ok && d.Articles != "fitting" && d.Articles != "always" {
		return fmt.Errorf("articles is %.60q, want fitting or always", d.Articles)
	}
	if err := d.Options.validateNumbers(); err != nil {
		return err
	}
	if err := d.Limits.validate(); err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	if err := d.Shapes.validateNumbers(); err != nil {
		return fmt.Errorf("shapes: %w", err)
	}
	return d.Vocabulary.validate()
}

func (v Vocabulary) validate() error {
	if len(v.Unseen) > maxWords {
		return fmt.Errorf("vocabulary.unseen has %d objects, want at most %d", len(v.Unseen), maxWords)
	}
	if err := errors.Join(validateWords("vocabulary.objects", v.Objects), validateWords("vocabulary.anomalies", v.Anomalies)); err != nil {
		return err
	}
	for _, object := range slices.Sorted(maps.Keys(v.Unseen)) {
		if !slices.Contains(v.Objects, object) {
			return fmt.Errorf("vocabulary.unseen: %.60q is not among the objects", object)
		}
		if n := len(v.Unseen[object]); n > maxWords {
			return fmt.Errorf("vocabulary.unseen: %.60s has %d anomalies, want at most %d", object, n, maxWords)
		}
		for _, word := range v.Unseen[object] {
			if !slices.Contains(v.Anomalies, word) {
				return fmt.Errorf("vocabulary.unseen: %.60s's %.60q is not among the anomalies", object, word)
			}
		}
	}
	return nil
}

func validateWords(field string, words []string) error {
	if len(words) > maxWords {
		return fmt.Errorf("%s has %d words, want at most %d", field, len(words), maxWords)
	}
	for i, word := range words {
		if strings.TrimSpace(word) == "" {
			return fmt.Errorf("%s: word %d is empty", field, i+1)
		}
		if len(word) > maxWord {
			return fmt.Errorf("%s: word %d has %d bytes, want at most %d", field, i+1, len(word), maxWord)
		}
	}
	return nil
}

// KnowsObject reports whether a phrase names one of the objects, as "red bottle cap"
// names "bottle cap", or Objects is empty.
func (v Vocabulary) KnowsObject(phrase string) bool { return knows(v.Objects, phrase) }

// KnowsAnomaly reports whether a phrase names one of the anomalies, or Anomalies is
// empty.
func (v Vocabulary) KnowsAnomaly(phrase string) bool { return knows(v.Anomalies, phrase) }

// IsUnseen reports whether the object and the anomaly that two phrases name were
// never together in training.
func (v Vocabulary) IsUnseen(object, anomaly string) bool {
	for name, anomalies := range v.Unseen {
		if names(object, name) && slices.ContainsFunc(anomalies, func(word string) bool { return names(anomaly, word) }) {
			return true
		}
	}
	return false
}

func knows(list []string, phrase string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(word string) bool { return names(phrase, word) })
}

// names reports whether a phrase has a name in it, whole words in a row.
func names(phrase, name string) bool {
	words := func(s string) string { return " " + strings.Join(strings.Fields(strings.ToLower(s)), " ") + " " }
	return strings.Contains(words(phrase), words(name))
}
