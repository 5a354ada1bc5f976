package main

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// private takes out of texts where things lie on this machine.
type private struct{ replacer *strings.Replacer }

// newPrivate knows the folders of a run by the names that the report has for them.
func newPrivate(o options) private {
	type root struct{ path, name string }
	home, _ := os.UserHomeDir()
	here, _ := os.Getwd()
	var all []root
	for _, of := range []root{
		{o.Model, "MODEL"}, {o.Clip, "CLIP"}, {o.Data, "DATA"}, {o.Out, "OUT"}, {o.Programs, "PROGRAMS"}, {o.Python, "PYTHON"},
		{filepath.Dir(o.Reference), "REFERENCE"}, {o.Inception, "INCEPTION"}, {o.VGG16, "VGG16"},
		{o.WideResNet50, "WIDE_RESNET50"}, {o.DINOv2, "DINOV2"}, {o.OpenCLIP, "OPENCLIP"}, {here, "."}, {home, "~"},
		{os.TempDir(), "TEMP"},
	} {
		if len(of.path) < 2 || of.path == "." {
			continue
		}
		all = append(all, of)
		if real, err := filepath.EvalSymlinks(of.path); err == nil && real != of.path {
			all = append(all, root{real, of.name})
		}
	}
	// A folder inside another has its own name, and the model's own name is nobody's business where programs say it alone.
	slices.SortStableFunc(all, func(a, b root) int { return cmp.Compare(len(b.path), len(a.path)) })
	var pairs []string
	for _, of := range all {
		pairs = append(pairs, of.path, of.name)
	}
	if o.Model != "" {
		pairs = append(pairs, filepath.Base(o.Model)+" (weights", "MODEL (weights")
	}
	return private{strings.NewReplacer(pairs...)}
}

func (p private) text(s string) string { return p.replacer.Replace(s) }

// json is a JSON value without such places, and without the fields of these names.
func (p private) json(data []byte, without ...string) (json.RawMessage, error) {
	var v any
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(p.value(v, without))
}

func (p private) value(v any, without []string) any {
	switch v := v.(type) {
	case string:
		return p.text(v)
	case []any:
		for i := range v {
			v[i] = p.value(v[i], without)
		}
	case map[string]any:
		out := map[string]any{}
		for name, of := range v {
			if !slices.Contains(without, name) {
				out[p.text(name)] = p.value(of, without)
			}
		}
		return out
	}
	return v
}
