package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// again is a picture that is to be made again, or one like it.
type again struct {
	carried
	path    string
	another bool            // generator is asked for than the one that made it
	given   map[string]bool // flags of the command line, without their dashes
}

// UnmarshalText takes the picture's path, which is what --from gives.
func (a *again) UnmarshalText(path []byte) error {
	a.path = string(path)
	return nil
}

// read reads the picture, and says which files it names. It refuses options that
// the program does not have.
func (a *again) read(ctx *kong.Context, given map[string]any) (err error) {
	if a.carried, err = readCarried(a.path); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, f := range ctx.Flags() {
		known[f.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(a.Options)) {
		if !known[flagOf(name)] {
			return fmt.Errorf("picture %s was made with the option %s, which this version of the program does not have", a.path, name)
		}
	}
	a.given = map[string]bool{}
	for name := range given {
		a.given[name] = true
	}
	if asked, ok := given["generator"].(string); ok {
		a.another = asked != a.generator()
	}
	a.announce(os.Stderr)
	return nil
}

// generator is what made the picture.
func (a *again) generator() string {
	made, _ := a.Options["generator"].(string)
	return orDefault(made, anomalyAny)
}

// announce says which files the picture will have the program read, before it
// reads any.
func (a *again) announce(w io.Writer) {
	var paths []string
	for _, flag := range []string{"model", "clip", "image", "mask", "textures", "learned", "reference", "reference-mask"} {
		path, _ := a.value(flag).(string)
		if !a.given[flag] && path != "" && (flag != "mask" || path != autoMask) && (flag != "textures" || path != ownTextures) {
			paths = append(paths, fmt.Sprintf("--%s %q", flag, path))
		}
	}
	if others, _ := a.value("others").([]any); !a.given["others"] && len(others) > 0 {
		paths = append(paths, fmt.Sprintf("--others %q", others))
	}
	if words, _ := a.value("embedding").([]any); !a.given["embedding"] && len(words) > 0 {
		paths = append(paths, fmt.Sprintf("--embedding %q", words))
	}
	if len(paths) > 0 {
		fmt.Fprintf(w, "%s names the files %s\n", a.path, strings.Join(paths, ", "))
	}
}

// value is what a flag gets that is not given, nil for its default.
func (a *again) value(flag string) any {
	option := optionOf(flag)
	switch flag {
	case "out":
		return filepath.Join(filepath.Dir(a.path), "again")
	case "seed":
		return fmt.Sprint(a.Seed)
	}
	if (a.given["category"] || a.given["defect"]) && ofCategory[flag] {
		return nil
	}
	if a.given["random"] && (flag == "model" || flag == "clip") {
		return nil
	}
	if !ofPicture[option] {
		if made := a.generator(); made != anomalyAny {
			return othersNumbers(made)[flag] // the limits
		}
		return nil
	}
	if noted, _ := a.Options[option].(string); option == "articles" && noted == "" { // by an earlier version
		return string(prompts.Plain)
	}
	switch v := a.Options[option].(type) {
	case json.Number:
		return v.String()
	case nil:
		if option == "keep_part" { // an earlier version left the picture as the model makes it
			return false
		}
		return nil
	default:
		return v
	}
}

// passesOn reports whether another generator takes an option from the picture.
func (a *again) passesOn(flag string) bool {
	option := optionOf(flag)
	return ofAll[option] && option != "size" && option != "preset" || flag == "out" || flag == "seed"
}

// check checks whether the picture can be made again in this job: photograph and mask
// are those that it was made from. A nil again has nothing against it.
func (a *again) check(j *job) error {
	if a == nil {
		return nil
	}
	for _, c := range []struct{ flag, what string }{{"image", "photograph"}, {"mask", "mask"}, {"others", "photograph whose patches are taken"}, {"textures", "folder of textures"}, {"learned", "file of what was learned"},
		{"reference", "photograph of the defect"}, {"reference-mask", "mask of the photograph of the defect"}} {
		_, inputs := j.of(a.Seed)
		if want, got := a.Inputs[c.flag], inputs[c.flag]; want != got && !a.given[c.flag] {
			return fmt.Errorf("%s %v has changed since %s was made from it (SHA-256 %s, was %s); give the file with --%s, this one or another, to use it all the same",
				c.what, a.Options[optionOf(c.flag)], a.path, files.Short(got), files.Short(want), c.flag)
		}
	}
	return nil
}

// checkModel compares the model's weights and texts, and tells of another
// instruction set or device.
func (a *again) checkModel(arithmetic string, m *model) error {
	if a == nil {
		return nil
	}
	weights, err := m.hashes()
	if err != nil {
		return err
	}
	if a.Compute != arithmetic {
		fmt.Fprintf(os.Stderr, "%s was computed in %s, this is %s: the last digits may differ\n", a.path, a.Compute, arithmetic)
	}
	if err := a.sameWords(m); err != nil {
		return err
	}
	if a.given["model"] || a.given["clip"] || a.given["random"] {
		return nil
	}
	if err := a.sameFiles(weights, a.Model); err != nil || len(a.Texts) == 0 { // an earlier version noted no texts
		return err
	}
	return a.sameFiles(m.Texts(), a.Texts)
}

// sameWords wants learned words to be of the files that the picture was made with.
func (a *again) sameWords(m *model) error {
	if a.given["embedding"] || a.another {
		return nil
	}
	then := map[string]string{}
	for _, w := range a.Embeddings {
		then[w.Word] = w.SHA256
	}
	for _, w := range m.words() {
		if was := then[w.Word]; was != w.SHA256 {
			return fmt.Errorf("the learned word %q in %s is not the one that %s was made with (SHA-256 %s, was %s); give the file with --embedding, this one or another, to use it all the same",
				w.Word, w.Path, a.path, files.Short(w.SHA256), orDefault(files.Short(was), "not used"))
		}
	}
	return nil
}

// sameFiles compares files of the model with those that the picture was made with.
func (a *again) sameFiles(now, then map[string]string) error {
	for _, path := range slices.Sorted(maps.Keys(now)) {
		if want := then[path]; want != now[path] {
			return fmt.Errorf("model file %s is not the one that %s was made with (SHA-256 %s, was %s); give --model to use this model, or another, all the same",
				path, a.path, files.Short(now[path]), orDefault(files.Short(want), "not used"))
		}
	}
	return nil
}

// checkWords notices words that are not those that the picture claims, since the
// file that they come from has changed or somebody has written the claim. It
// needs no model.
func (a *again) checkWords(s *Spec) error {
	if a == nil {
		return nil
	}
	for name := range a.given {
		if name := optionOf(name); ofPicture[name] && !onlyPaths[name] {
			return nil
		}
	}
	if prompt, detail := s.prompts(); prompt != a.Prompt || detail != a.Detail {
		return fmt.Errorf("%s was made with the prompt %q and the detailed prompt %q, which the same options now make %q and %q; give --prompt and --detail",
			a.path, a.Prompt, a.Detail, prompt, detail)
	}
	return nil
}
