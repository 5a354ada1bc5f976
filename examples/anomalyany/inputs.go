package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// hashInputs returns the SHA-256 of the photograph and of the mask, by the
// names of their flags.
func hashInputs(f flags) (map[string]string, error) {
	hashes := map[string]string{}
	for name, path := range map[string]string{"image": f.Image, "mask": f.Mask} {
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

// identity is everything that makes a picture what it is but its seed: option
// or file, and its value. Two pictures of one identity and seed are the same.
type identity map[string]string

// identityOf takes the options, the hashes of the photograph and the mask, and
// those of the model's files.
func identityOf(f flags, inputs, model map[string]string) (identity, error) {
	options, err := optionsOf(f)
	if err != nil {
		return nil, err
	}
	id := identity{}
	for name, value := range options {
		if !ofTheSeries[name] && !onlyPaths[name] {
			id["--"+strings.ReplaceAll(name, "_", "-")] = fmt.Sprint(value)
		}
	}
	if h, ok := inputs["mask"]; ok {
		id["--mask"] = "the file " + short(h)
	}
	if h, ok := inputs["image"]; ok {
		id["--image"] = "the file " + short(h)
	}
	weights := sha256.New()
	for _, h := range slices.Sorted(maps.Values(model)) {
		weights.Write([]byte(h))
	}
	id["--model"] = "the weights " + short(hex.EncodeToString(weights.Sum(nil)))
	return id, nil
}

// optionsOf returns options as their JSON has them, with numbers as written.
func optionsOf(f flags) (map[string]any, error) {
	data, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	var options map[string]any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return options, d.Decode(&options)
}

// short is enough of a hash to tell files apart for people, and for pictures of
// one program.
func short(hash string) string { return hash[:min(len(hash), 16)] }

// differences tells in which options id is not before, for people.
func (id identity) differences(before identity) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(id)) {
		if was := before[name]; was != id[name] {
			all = append(all, fmt.Sprintf("%s was %s and is %s", name, orDefault(was, "not given"), orDefault(id[name], "not given")))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := id[name]; !ok {
			all = append(all, fmt.Sprintf("%s was %s and is not known", name, before[name]))
		}
	}
	return all
}

// hash is the same for equal identities.
func (id identity) hash() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(id)) {
		fmt.Fprintf(h, "%q=%q\n", name, id[name])
	}
	return short(hex.EncodeToString(h.Sum(nil)))
}

// identity is that of the job's pictures; it waits for the hashes.
func (j *job) identity() (identity, error) {
	model, err := j.model.hashes()
	if err != nil {
		return nil, err
	}
	return identityOf(j.flags, j.inputs, model)
}
