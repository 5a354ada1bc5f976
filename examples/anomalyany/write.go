package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"path/filepath"
	"slices"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/imageio"
	"github.com/sdgraph/sdgraph/kernels"
)

// record is a picture's JSON file.
type record struct {
	Options   flags               `json:"options"`
	Seed      uint64              `json:"seed"`
	Prompt    string              `json:"prompt"`
	Detail    string              `json:"detail"`
	Tokens    []string            `json:"tokens"`         // of the prompt, without padding
	Anomaly   []int               `json:"anomaly_tokens"` // positions in the prompt
	Size      [2]int              `json:"size"`           // width, height
	MapSize   [2]int              `json:"map_size"`       // of the attention maps
	Fit       string              `json:"photograph"`
	Steps     int                 `json:"steps_run"`
	Refine    int                 `json:"steps_refined"`
	Threshold float32             `json:"mask_threshold"`
	MaskShare float64             `json:"mask_share"` // of the picture's area
	Seconds   float64             `json:"seconds"`
	Compute   string              `json:"compute"`
	Files     map[string]string   `json:"files"`
	Model     map[string]string   `json:"model_sha256"`
	Trace     []anomaly.StepTrace `json:"trace"`
}

// write saves a picture, its mask, its heat map and its record, and returns the
// paths.
func (j *job) write(g *anomaly.Generator, seed uint64, r *anomaly.Result, took time.Duration) ([]string, error) {
	made, err := j.canvas.compose(r)
	if err != nil {
		return nil, err
	}
	size := made.picture.Bounds().Size()
	mask, err1 := imageio.FromMap(made.mask, size.Y, size.X)
	heat, err2 := imageio.HeatMap(made.picture, made.soft)
	hashes, err3 := j.hashes()
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	stem := j.name(seed)
	var paths []string
	names := map[string]string{}
	for _, p := range []struct {
		kind, suffix string
		image        image.Image
	}{{"picture", ".png", made.picture}, {"mask", "-mask.png", mask}, {"heat map", "-heat.png", heat}} {
		if err := imageio.WritePNG(stem+p.suffix, p.image); err != nil {
			return nil, err
		}
		paths = append(paths, stem+p.suffix)
		names[p.kind] = filepath.Base(stem + p.suffix)
	}
	o := g.Options()
	data, err := readable(record{
		Options: j.flags, Seed: seed, Prompt: o.Prompt, Detail: o.Detail,
		Tokens: j.promptTokens(), Anomaly: g.Tokens(), Size: [2]int{size.X, size.Y}, MapSize: [2]int{o.MapWidth, o.MapHeight},
		Fit: j.canvas.fit, Steps: g.Steps(), Refine: g.RefineSteps(), Threshold: r.Threshold, MaskShare: share(made.mask),
		Seconds: took.Seconds(), Compute: "float32 " + kernels.ISA(), Files: names, Model: hashes, Trace: r.Trace,
	})
	if err != nil {
		return nil, err
	}
	return append(paths, stem+".json"), files.Write(stem+".json", data)
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
	t := j.pipeline.Tokenizer
	ids, end := t.Encode(j.options.Prompt), t.Encode("")[1]
	return t.Tokens(ids[:slices.Index(ids[1:], end)+2])
}

func share(mask []float32) float64 {
	sum := 0.0
	for _, v := range mask {
		sum += float64(v)
	}
	return sum / float64(len(mask))
}

// hashInBackground hashes files while the pictures are made; the function that
// it returns waits for it.
func hashInBackground(paths []string) func() (map[string]string, error) {
	type result struct {
		hashes map[string]string
		err    error
	}
	done := make(chan result, 1)
	go func() {
		hashes := map[string]string{}
		for _, path := range paths {
			h, err := files.Hash(path)
			if err != nil {
				done <- result{nil, err}
				return
			}
			hashes[path] = h
		}
		done <- result{hashes, nil}
	}()
	return func() (map[string]string, error) {
		r := <-done
		done <- r
		return r.hashes, r.err
	}
}
