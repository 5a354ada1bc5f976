package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// hashInputs returns the SHA-256 of the photograph and of the mask, by the
// names of their flags.
func hashInputs(spec Spec) (map[string]string, error) {
	hashes := map[string]string{}
	for name, path := range map[string]string{"image": spec.Image, "mask": spec.Mask} {
		if path == "" || name == "mask" && path == autoMask {
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

// configuration is what an identity calls the model's texts.
const configuration = "the configuration of --model"

// identityOf takes the options, the hashes of the photograph and the mask, and
// those of the model's weights and texts, nil where an earlier version noted none.
func identityOf(spec Spec, inputs, model, texts map[string]string) (files.Identity, error) {
	options, err := optionsOf(spec)
	if err != nil {
		return nil, err
	}
	id := files.Identity{}
	for name, value := range options {
		if !ofTheSeries[name] && !onlyPaths[name] {
			id["--"+strings.ReplaceAll(name, "_", "-")] = fmt.Sprint(value)
		}
	}
	if h, ok := inputs["mask"]; ok {
		id["--mask"] = "the file " + files.Short(h)
	}
	if h, ok := inputs["image"]; ok {
		id["--image"] = "the file " + files.Short(h)
	}
	id["--model"] = "the weights " + files.Together(model)
	if len(texts) > 0 {
		id[configuration] = "the files " + files.Together(texts)
	}
	return id, nil
}

// differencesOf are those of id from before, which may be of an earlier version
// that did not note the model's configuration.
func differencesOf(id, before files.Identity) []string {
	if before[configuration] == "" {
		id = maps.Clone(id)
		delete(id, configuration)
	}
	return id.Differences(before)
}

// optionsOf returns options as their JSON has them, with numbers as written.
func optionsOf(spec Spec) (map[string]any, error) {
	data, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	var options map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return options, d.Decode(&options)
}

// identity is that of the job's pictures; it waits for the hashes.
func (j *job) identity() (files.Identity, error) {
	model, err := j.model.hashes()
	if err != nil {
		return nil, err
	}
	return identityOf(j.spec, j.inputs, model, j.model.Texts())
}

// identity is that of the picture that a record is about.
func (r *record) identity() (files.Identity, error) {
	return identityOf(r.Options, r.Inputs, r.Model, r.Texts)
}

// identity is that of the picture that carries a recipe.
func (r *recipe) identity() (files.Identity, error) {
	data, err := json.Marshal(r.Options)
	if err != nil {
		return nil, err
	}
	var f Spec
	if err := nn.UnmarshalJSON(data, &f); err != nil {
		return nil, err
	}
	return identityOf(f, r.Inputs, r.Model, r.Texts)
}
