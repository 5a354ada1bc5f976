package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Provenance is how a picture was made: all that it depends on. Its record has it
// beside the results, its PNG file carries it, and the index and state files know
// the picture by its identity.
type Provenance struct {
	Options    Spec              `json:"options"`
	Seed       uint64            `json:"seed"`
	Prompt     string            `json:"prompt"`
	Detail     string            `json:"detail"`
	Inputs     map[string]string `json:"inputs_sha256"`           // of the photograph, the mask and the photograph whose patches are taken
	Model      map[string]string `json:"model_sha256,omitempty"`  // of its weights
	Texts      map[string]string `json:"config_sha256,omitempty"` // of its configurations and vocabularies
	Compute    string            `json:"compute,omitempty"`
	Embeddings []learnedWord     `json:"embeddings,omitempty"` // that the model was given
}

// learnedWord is a word that was learned from pictures, and the file that it was read from.
type learnedWord struct {
	Word   string `json:"word"`
	File   string `json:"file"` // its name, without folders
	SHA256 string `json:"sha256"`
}

// learnedWords are those that the model was given.
func (m *model) learnedWords() (all []learnedWord) {
	for _, e := range m.words() {
		all = append(all, learnedWord{e.Word, filepath.Base(e.Path), e.SHA256})
	}
	return all
}

// provenance is that of a seed's picture, with its identity. It waits for the
// hashes of the model.
func (j *job) provenance(seed uint64) (p Provenance, id files.Identity, err error) {
	model, err := j.model.hashes()
	if err != nil {
		return p, nil, err
	}
	spec, inputs := j.of(seed)
	prompt, detail := j.spec.prompts()
	p = Provenance{spec, seed, prompt, detail, inputs, model, j.model.Texts(), j.spec.arithmetic(), j.model.learnedWords()}
	id, err = p.identity()
	return p, id, err
}

// heading is what pictures are called for people.
func (p *Provenance) heading() string {
	return heading(p.Options.Generator, p.Options.Object, p.Prompt)
}

// heading is a prompt, or of another generator its name and the part.
func heading(generator, object, prompt string) string {
	m, other := methods[generator]
	switch {
	case !other:
		return prompt
	case object == "" && prompt == "":
		return m.called
	}
	return m.called + ": " + orDefault(object, prompt)
}

// prompts are what the model is told; nothing where there is none.
func (s *Spec) prompts() (prompt, detail string) {
	switch {
	case !s.needsModel():
		return "", ""
	case s.isOther():
		return s.told(), ""
	}
	o := s.options()
	return o.Prompt, o.Detail
}

// arithmetic is what the model's numbers are computed in; nothing where there is none.
func (s *Spec) arithmetic() string {
	if !s.needsModel() {
		return ""
	}
	return s.Arithmetic()
}

// hashInputs returns the SHA-256 of the photograph, of the mask, of what was
// learned and of the example, by the names of their flags.
func hashInputs(spec Spec) (map[string]string, error) {
	hashes := map[string]string{}
	for name, path := range map[string]string{"image": spec.Image, "mask": spec.Mask, "learned": spec.LearnedFile, "reference": spec.Reference, "reference-mask": spec.ReferenceMask} {
		if path == "" || name == "mask" && (path == autoMask || photos.IsFolder(path)) {
			continue
		}
		h, err := files.Hash(path)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", name, err)
		}
		hashes[name] = h
	}
	return hashes, nil
}

// ofTheSeries are the options that do not change a picture.
var ofTheSeries = map[string]bool{
	"n": true, "both": true, "soft": true, "seed": true, "out": true, "keep_every": true, "keep": true,
	"min_confidence": true, "max_outside": true, "min_inside": true, "min_part": true, "min_sees": true, "min_focus": true, "min_area": true, "max_area": true, "min_clip": true, "min_gain": true,
}

// onlyPaths are those that do not where the files have the same contents, and
// the memory.
var onlyPaths = map[string]bool{"embedding": true, "others": true, "textures": true, "learned": true, "reference": true, "reference_mask": true, "model": true, "variant": true, "clip": true, "image": true, "categories": true, "memory": true}

// ofPicture are the options that make a picture, besides its seed: those that
// --from takes from it. Whoever wrote the file chooses none of the others.
var ofPicture = map[string]bool{
	"model": true, "variant": true, "clip": true, "random": true, "prediction_type": true, "allow_unused": true, "image": true, "mask": true, "paste": true, "tile": true,
	"generator": true, "others": true, "textures": true, "noise": true, "part": true, "foreground": true, "learned": true, "reference": true, "reference_mask": true, "shows": true,
	"keep_part": true, "margin": true, "feather": true, "blend": true,
	"shape": true, "shape_size": true, "shape_angle": true, "shape_aspect": true, "shape_at": true,
	"object": true, "anomaly": true, "prompt": true, "normal": true, "detail": true, "negative": true, "category": true, "defect": true, "articles": true, "embedding": true,
	"size": true, "preset": true, "steps": true, "gamma": true, "guidance": true, "lambda": true, "mu": true, "eta_e": true, "refine": true, "fill": true,
	"map_factor": true, "precision": true,
	"no_condition": true, "no_attention": true, "no_refine": true, "no_scheduler": true,
}

// renamed are the flags whose options have the names of an earlier version, which files have.
var renamed = map[string]string{"keep-outside-mask": "paste"}

// optionOf is the option that a flag says.
func optionOf(flag string) string {
	return orDefault(renamed[flag], strings.ReplaceAll(flag, "-", "_"))
}

// flagOf is the flag that says an option.
func flagOf(option string) string {
	for flag, of := range renamed {
		if of == option {
			return flag
		}
	}
	return strings.ReplaceAll(option, "_", "-")
}

// byName are the options by their names, with numbers as JSON has them.
func (s *Spec) byName() (map[string]any, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var options map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return options, d.Decode(&options)
}

// configuration is what an identity calls the model's texts.
const configuration = "the configuration of --model"

// identity is what tells the picture from all but those of other seeds.
func (p *Provenance) identity() (files.Identity, error) {
	options, err := p.Options.byName()
	if err != nil {
		return nil, err
	}
	id := files.Identity{}
	for name, value := range options {
		if !ofTheSeries[name] && !onlyPaths[name] {
			id["--"+strings.ReplaceAll(name, "_", "-")] = fmt.Sprint(value)
		}
	}
	if !p.Options.isOther() {
		p.Options.identifyArticles(id)
	} else if p.Options.needsModel() {
		if p.Options.Generator == "sdas" { // whose sentence says them; the others make more than one
			delete(id, "--articles")
		}
		id["--prompt"] = p.Options.told()
	}
	if !p.Options.KeepPart { // as in an earlier version, which had none of these
		for _, name := range ofKept {
			delete(id, "--"+strings.ReplaceAll(name, "_", "-"))
		}
	}
	for _, name := range []string{"image", "mask", "others", "textures", "learned", "reference", "reference-mask"} {
		if h, ok := p.Inputs[name]; ok {
			id["--"+name] = "the file " + files.Short(h)
		}
	}
	if len(p.Embeddings) > 0 {
		var words []string
		for _, w := range p.Embeddings {
			words = append(words, fmt.Sprintf("%q of the file %s", w.Word, files.Short(w.SHA256)))
		}
		id["--embedding"] = strings.Join(words, ", ")
	}
	if p.Options.needsModel() {
		id["--model"] = "the weights " + files.Together(p.Model)
	}
	if len(p.Texts) > 0 { // an earlier version noted none
		id[configuration] = "the files " + files.Together(p.Texts)
	}
	for name, off := range later {
		if id[name] == off {
			delete(id, name)
		}
	}
	return id, nil
}

// identifyArticles puts into an identity, in the place of the articles, the sentences
// that are made with them, where these are others than an earlier version would have
// made, which noted none: with plain ones.
func (s Spec) identifyArticles(id files.Identity) {
	delete(id, "--articles")
	now := s.options()
	s.Articles = ""
	if before := s.options(); now.Prompt != before.Prompt || now.Normal != before.Normal {
		id["--prompt"], id["--detail"], id["--normal"] = now.Prompt, now.Detail, now.Normal
	}
}

// later are the options that earlier versions made their pictures without, and how they
// are off. Then no identity has them, so that it is the same in all versions.
var later = map[string]string{"--fill": "0"}

// differencesOf are those of id from before, which may be of an earlier version
// that did not note the model's configuration.
func differencesOf(id, before files.Identity) []string {
	id = maps.Clone(id)
	if before[configuration] == "" {
		delete(id, configuration)
	}
	for name, off := range later {
		if _, on := before[name]; on && id[name] == "" {
			id[name] = off
		}
	}
	return id.Differences(before)
}

// carried is a provenance as the picture's PNG file carries it: without the options
// of the series, so that the same picture is the same file.
type carried struct {
	Format  int            `json:"format"`
	Options map[string]any `json:"options"` // in the place of the provenance's
	Provenance
}

const (
	carriedKey    = "anomalyany" // of the PNG file's text
	carriedFormat = 1
	maxCarried    = 1 << 20 // bytes; others may have written it
)

// texts are what the picture's PNG file carries.
func (p *Provenance) texts() ([]images.Text, error) {
	options, err := p.Options.byName()
	if err != nil {
		return nil, err
	}
	for name := range ofTheSeries {
		delete(options, name)
	}
	data, err := json.Marshal(carried{carriedFormat, options, *p})
	return []images.Text{
		{Key: "Software", Value: "sdgraph anomalyany"},
		{Key: "Description", Value: fmt.Sprintf("%s; generated, seed %d", p.heading(), p.Seed)},
		{Key: carriedKey, Value: string(data)},
	}, err
}

// readCarried reads what a picture's file carries. A pipe has no folder beside
// which the picture could be made again, and is refused.
func readCarried(path string) (c carried, err error) {
	if info, err := os.Stat(path); err == nil {
		if err := files.CheckRegular(path, info); err != nil {
			return c, fmt.Errorf("picture %w", err)
		}
	}
	texts, err := images.ReadPNGText(context.Background(), path, carriedKey)
	if err != nil {
		return c, err
	}
	if len(texts) == 0 {
		return c, fmt.Errorf("picture %s: it carries no text %q: it was not made by this program, or another program has saved it since", path, carriedKey)
	}
	if n := len(texts[0].Value); n > maxCarried {
		return c, fmt.Errorf("picture %s: its text %q has %d bytes, want at most %d", path, carriedKey, n, maxCarried)
	}
	d := json.NewDecoder(strings.NewReader(texts[0].Value))
	d.UseNumber()
	if err := nn.ShortJSON(d.Decode(&c)); err != nil {
		return c, fmt.Errorf("picture %s: its text %q: %w", path, carriedKey, err)
	}
	if c.Format != carriedFormat {
		return c, fmt.Errorf("picture %s: its options have format %d, this program knows %d", path, c.Format, carriedFormat)
	}
	return c, nil
}

// whole is the provenance with its options. Those that an earlier version did not
// have are off.
func (c *carried) whole() (*Provenance, error) {
	data, err1 := json.Marshal(c.Options)
	p := c.Provenance
	if err := errors.Join(err1, nn.UnmarshalJSON(data, &p.Options)); err != nil {
		return nil, err
	}
	p.Options.Generator = orDefault(p.Options.Generator, anomalyAny)
	return &p, nil
}
