package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"path/filepath"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// record is a picture's JSON file.
type record struct {
	Options   Spec                   `json:"options"`
	Seed      uint64                 `json:"seed"`
	Prompt    string                 `json:"prompt"`
	Detail    string                 `json:"detail"`
	Tokens    []string               `json:"tokens"`         // of the prompt, without padding
	Anomaly   []int                  `json:"anomaly_tokens"` // positions in the prompt
	Size      [2]int                 `json:"size"`           // width, height
	MapSize   [2]int                 `json:"map_size"`       // of the attention maps
	Fit       string                 `json:"photograph"`
	Steps     int                    `json:"steps_run"`
	Refine    int                    `json:"steps_refined"`
	Threshold float32                `json:"mask_threshold"`
	MaskShare float64                `json:"mask_share"`      // of the picture's area
	Notes     []string               `json:"notes,omitempty"` // what the model does not know
	Scores    anomalyany.Scores      `json:"scores"`
	Seconds   float64                `json:"seconds"` // of the run that finished it
	Compute   string                 `json:"compute"`
	Files     map[string]string      `json:"files"`
	Hashes    map[string]string      `json:"files_sha256"`
	Inputs    map[string]string      `json:"inputs_sha256"`           // of the photograph and the mask
	Model     map[string]string      `json:"model_sha256"`            // of the weights
	Texts     map[string]string      `json:"config_sha256,omitempty"` // of the model's configurations and vocabularies
	Trace     []anomalyany.StepTrace `json:"trace"`
}

// write saves a picture, its mask, its heat map, its record, and the index, and
// returns the picture's paths.
func (j *job) write(m *outcome) ([]string, error) {
	g, seed := m.g, m.seed
	model, err1 := j.model.hashes()
	id, err2 := j.identity()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	saved, rec, err := j.pictures(seed, m.result, model)
	if err != nil {
		return nil, err
	}
	o := g.Options()
	rec.Prompt, rec.Detail, rec.Tokens, rec.Anomaly = o.Prompt, o.Detail, j.promptTokens(), g.Tokens()
	rec.MapSize, rec.Steps, rec.Refine = [2]int{o.MapWidth, o.MapHeight}, g.Steps(), g.RefineSteps()
	rec.Scores, rec.Seconds = m.scores, m.took.Seconds()
	data, err := readable(rec)
	if err != nil {
		return nil, err
	}
	saved = append(saved, files.File{Path: j.spec.stem(seed) + ".json", Data: data})
	e := j.entry(seed, rec, id)
	if err := j.settle(e, saved); err != nil {
		return nil, err
	}
	var paths []string
	for _, f := range saved {
		if j.keeps(e) {
			paths = append(paths, f.Path)
		}
	}
	return append(paths, filepath.Join(j.spec.Out, "index.html")), nil
}

// pictures are the PNG files of a seed, and what the record says about them.
func (j *job) pictures(seed uint64, r *anomalyany.Result, model map[string]string) ([]files.File, record, error) {
	rec := record{
		Options: j.spec, Seed: seed, Fit: j.canvas.String(), Threshold: r.Threshold, Compute: j.spec.Arithmetic(),
		Notes: j.model.notes(j.spec), Inputs: j.inputs, Model: model, Texts: j.model.Texts(), Trace: r.Trace, Files: map[string]string{}, Hashes: map[string]string{},
	}
	made, soft, err := j.compose(r)
	if err != nil {
		return nil, rec, err
	}
	size := made.Picture.Bounds().Size()
	rec.Size, rec.MaskShare = [2]int{size.X, size.Y}, float64(bytes.Count(made.Mask.Pix, []byte{255}))/float64(len(made.Mask.Pix))
	heat, err1 := soft.HeatMap(made.Picture)
	texts, err2 := j.texts(seed, model)
	if err := errors.Join(err1, err2); err != nil {
		return nil, rec, err
	}
	var all []files.File
	for i, p := range []struct {
		image image.Image
		texts []images.Text
	}{{made.Picture, texts}, {made.Mask, nil}, {heat, nil}} {
		path := j.spec.stem(seed) + parts[i]
		data, err := images.EncodePNG(p.image, p.texts)
		if err != nil {
			return nil, rec, fmt.Errorf("picture %s: %w", path, err)
		}
		all = append(all, files.File{Path: path, Data: data})
		kind := kinds[parts[i]]
		rec.Files[kind], rec.Hashes[kind] = filepath.Base(path), files.SHA256(data)
	}
	return all, rec, nil
}

// compose puts what the model made into the photograph.
func (j *job) compose(r *anomalyany.Result) (anomaly.Sample, anomaly.Map, error) {
	made, err := images.FromModel(r.Image)
	if err != nil {
		return anomaly.Sample{}, anomaly.Map{}, err
	}
	size := made.Bounds().Size()
	return j.canvas.Compose(made, anomaly.Map{Values: r.SoftMap, Width: size.X, Height: size.Y}, r.Threshold)
}

// readable is v as JSON for people.
func readable(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// promptTokens are the prompt's tokens from the start to the end token.
func (j *job) promptTokens() []string {
	t := j.model.Tokenizer
	ids, end := t.Encode(j.options.Prompt), t.Encode("")[1]
	return t.Tokens(ids[:slices.Index(ids[1:], end)+2])
}
