package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
)

// Generating is the part of a Spec that has another generator than AnomalyAny make the pictures.
type Generating struct {
	Generator  string   `default:"anomalyany" enum:"anomalyany,nsa,draem,cutpaste,sdas,anomalydiffusion,o2mag" help:"What makes the defects: anomalyany by words; nsa by patches of other photographs, blended in; draem by textures that show through; cutpaste by patches of the photograph itself; sdas by a model that is made to err; anomalydiffusion by a model, of what was learned from a few pictures of the defect; o2mag by a model that looks at one example (default: ${default}). nsa, draem and cutpaste need neither model nor words, and leave the photograph its size." json:"generator,omitempty"`
	Others     []string `sep:"none" placeholder:"PATH" help:"nsa: further normal photographs of the part, or folders of them, whose patches are taken; each seed takes the next (default: the other photographs of the run; of a single one, it itself, mirrored or turned)." json:"others,omitempty"`
	Textures   string   `placeholder:"DIR" help:"draem: a folder of pictures of anything, such as DTD; 'own' for the photograph itself in disorder (default: brick, grass and gravel, which come with the program)." json:"textures,omitempty"`
	Noise      wish     `placeholder:"S" help:"sdas: how much more noise than it expects the model gets, drawn from a range; a model at home with the part needs more (default: 1..2)." json:"noise,omitempty"`
	Foreground string   `default:"" enum:",found,everywhere" placeholder:"HOW" help:"Where the part is: found, on a plain background; everywhere, as of materials (default: everywhere of the materials of MVTec AD and where --mask or --shape says the place, else found)." json:"foreground,omitempty"`
	Part       string   `placeholder:"NAME" help:"A part of MVTec AD or VisA, such as metal_nut: how it is told from its background there, and for nsa its authors' numbers (default: --category where it is one)." json:"part,omitempty"`

	LearnedFile string `name:"learned" placeholder:"FILE" help:"anomalydiffusion: what was learned of the defect, or a word that was learned by textual inversion. --prompt is a sentence with {} in its place (default: the one that it was learned with, or of --object)." json:"learned,omitempty"`

	Reference     string `placeholder:"FILE" help:"o2mag: a photograph of such a part with the defect. It is scaled and cropped as the photograph is, and must then have its size." json:"reference,omitempty"`
	ReferenceMask string `placeholder:"FILE" help:"o2mag: its mask, of its size, white where the defect is. Without --mask and --shape the new defect has this form, turned and moved." json:"reference_mask,omitempty"`
	Shows         string `placeholder:"WORDS" help:"o2mag: the defect's name, such as crack, which the model hears louder; with a --prompt, words of it (default: none, and the sentence says 'defect')." json:"shows,omitempty"`
}

const anomalyAny = "anomalyany"

// method is a generator that --generator names, other than AnomalyAny.
type method struct {
	called  string   // by its authors
	model   bool     // whether it needs one
	presets []string // that it has, the default first
	options []string // that its pictures depend on, beside those of all
}

var bothPresets = []string{string(generate.Mended), string(generate.Released)}

// methods are the values of --generator, but AnomalyAny's.
var methods = map[string]method{
	"nsa":      {"NSA", false, bothPresets, []string{"others"}},
	"draem":    {"DRAEM", false, bothPresets, []string{"textures"}},
	"cutpaste": {"CutPaste", false, bothPresets, nil},
	"sdas": {"SDAS", true, bothPresets[:1], []string{
		"noise", "prompt", "articles", "steps", "guidance", "tile", "model", "variant", "random", "prediction_type", "allow_unused", "precision", "embedding",
	}},
	learns: {"AnomalyDiffusion", true, bothPresets, []string{
		"learned", "prompt", "articles", "steps", "guidance", "tile", "model", "variant", "random", "prediction_type", "allow_unused", "precision",
	}},
	grafts: {"O2MAG", true, bothPresets[:1], []string{
		"reference", "reference_mask", "shows", "prompt", "articles", "steps", "guidance", "tile", "model", "variant", "random", "prediction_type", "allow_unused", "precision", "embedding",
	}},
}

// grafts is a generator that looks at one example.
const grafts = "o2mag"

// learns is a generator that makes what was learned from pictures.
const learns = "anomalydiffusion"

// other is the generator that is asked for, if it is not AnomalyAny.
func (g *Generating) other() (m method, ok bool) {
	m, ok = methods[g.Generator]
	return m, ok
}

// isOther reports whether the generator is not AnomalyAny.
func (g *Generating) isOther() bool { return g.Generator != "" && g.Generator != anomalyAny }

// needsModel reports whether the generator has a model.
func (g *Generating) needsModel() bool {
	m, other := g.other()
	return !other || m.model
}

// ofAll are the options of pictures that all generators heed.
var ofAll = map[string]bool{
	"generator": true, "image": true, "mask": true, "size": true, "preset": true, "object": true, "part": true, "foreground": true,
	"shape": true, "shape_size": true, "shape_angle": true, "shape_aspect": true, "shape_at": true,
}

// ofOthers are the options of pictures that AnomalyAny does not heed.
var ofOthers = map[string]bool{"others": true, "textures": true, "noise": true, "learned": true, "reference": true, "reference_mask": true, "shows": true, "part": true, "foreground": true}

// mayBeSaid are options that other generators need not heed: outside the mask they change nothing anyway, and of a
// category they take the part.
var mayBeSaid = map[string]bool{"paste": true, "category": true}

// ofWords are flags that only AnomalyAny heeds, and that are no options of pictures.
var ofWords = map[string]bool{
	"strength": true, "preview": true, "taesd": true, "both": true, "keep-every": true, "min-confidence": true, "min-part": true, "min-sees": true, "min-focus": true, "min-clip": true, "min-gain": true,
}

// heeds reports whether the generator's pictures depend on an option.
func (g *Generating) heeds(option string) bool {
	m, other := g.other()
	switch {
	case !ofPicture[option]:
		return true
	case !other:
		return !ofOthers[option]
	}
	return ofAll[option] || slices.Contains(m.options, option)
}

// checkGenerator refuses flags that are typed and that the generator does not heed; of what nobody has typed, such
// flags say nothing.
func (s *Spec) checkGenerator(typed map[string]bool) error {
	for _, flag := range slices.Sorted(maps.Keys(typed)) {
		option := optionOf(flag)
		switch {
		case !typed[flag] || s.heeds(option) && !(s.isOther() && ofWords[flag]) || s.isOther() && mayBeSaid[option]:
		case flag == "tile" && s.isOther():
			return fmt.Errorf("--tile is for a model, which sees pictures of one size: --generator %s works on the photograph at its own size", s.Generator)
		default:
			return fmt.Errorf("--%s says nothing to --generator %s: it is for %s", flag, orDefault(s.Generator, anomalyAny), strings.Join(heeding(flag), ", "))
		}
	}
	wants := []string{"paper", "fast", string(generate.Released)}
	if m, other := s.other(); other {
		wants = m.presets
	}
	if !slices.Contains(wants, s.Preset) {
		if typed["preset"] {
			return fmt.Errorf("--preset is %s, and --generator %s has %s", s.Preset, orDefault(s.Generator, anomalyAny), listed(wants))
		}
		s.Preset = wants[0]
	}
	if s.isOther() {
		s.forgetWords()
	}
	return nil
}

// listed is names as a sentence has them.
func listed(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// heeding are the generators that heed a flag.
func heeding(flag string) (names []string) {
	for _, name := range append([]string{anomalyAny}, slices.Sorted(maps.Keys(methods))...) {
		g := Generating{Generator: name}
		if g.heeds(optionOf(flag)) && !(g.isOther() && ofWords[flag]) {
			names = append(names, name)
		}
	}
	return names
}

// forgetWords leaves out what comes of --from's picture or of a scene and of no use to the generator.
func (s *Spec) forgetWords() {
	s.Anomaly, s.Detail, s.Negative, s.Normal = nil, "", "", ""
	if !s.needsModel() {
		s.Prompt, s.Tile = "", false
	}
}

// usePart finds the part whose numbers are taken: the category; or the object, where those count on no certain background,
// as for materials.
func (s *Spec) usePart() error {
	if !s.isOther() {
		return nil
	}
	known := func(name string) bool {
		_, nsa := generate.NSAFor(name)
		_, told := generate.ForegroundOf(name)
		return nsa || told
	}
	switch object := strings.ToLower(s.Object); {
	case s.Part != "" && !known(s.Part):
		return fmt.Errorf("--part is %.40q, want a category of MVTec AD or VisA, such as %s or pcb1", s.Part, strings.Join(generate.NSAParts(), ", "))
	case s.Part != "":
	case known(s.Category):
		s.Part = s.Category
	default:
		if o, known := generate.NSAFor(object); known && len(o.Background) == 0 {
			s.Part = object
		}
	}
	return nil
}

// useObject takes the object from the category, of which other generators need no defect.
func (s *Spec) useObject() error {
	if s.Category == "" {
		return nil
	}
	all, err := readCategories(s.Categories)
	if err != nil {
		return err
	}
	c, ok := all[s.Category]
	if !ok {
		return fmt.Errorf("--category is %.40q, want one of %s", s.Category, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	s.Object = orDefault(s.Object, c.Object)
	return nil
}

// checkOther says what is missing for another generator.
func (s *Spec) checkOther() error {
	switch {
	case s.Drawn:
		return errors.New("ablate measures AnomalyAny without its parts: leave --generator out")
	case s.Generator == learns && s.LearnedFile == "":
		return errors.New("--learned FILE is missing: what was learned from pictures of the defect")
	case s.Generator == grafts && (s.Reference == "" || s.ReferenceMask == ""):
		return errors.New("--reference FILE or --reference-mask FILE is missing: a photograph with the defect, and its mask, which is white there")
	case s.isDemo() || s.Random || s.needsModel() && s.Model == "" && embedded == nil: // of this, opening it says more
		return nil
	case s.Image == "":
		return errors.New("--image FILE is missing: the photograph of a normal part")
	case s.needsModel() && s.Object == "" && s.Prompt == "" && s.LearnedFile == "":
		return errors.New("--object WORD is missing: what the photograph shows, such as hazelnut (or give a --prompt)")
	}
	return nil
}

// generatorNoted is the generator's name, empty for AnomalyAny.
func (g *Generating) generatorNoted() string {
	if !g.isOther() {
		return ""
	}
	return g.Generator
}

// defects are the words for what the pictures show, in their names and in data sets.
func (s *Spec) defects() []string {
	if s.isOther() {
		return []string{s.Generator}
	}
	return s.Anomaly
}

// MarshalJSON writes the options that the generator heeds: AnomalyAny's as versions that had no other did.
func (s Spec) MarshalJSON() ([]byte, error) {
	type plain Spec
	if !s.isOther() {
		s.Generator = ""
		return oneLine(plain(s))
	}
	data, err := oneLine(plain(s))
	if err != nil {
		return nil, err
	}
	var all map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		return nil, err
	}
	delete(all, "categories") // whose part is noted
	delete(all, "memory")
	maps.DeleteFunc(all, func(option string, _ any) bool { return !s.heeds(option) || ofWords[flagOf(option)] })
	return oneLine(all)
}
