package main

import (
	"encoding/json"
	"errors"
	"image"
	"path/filepath"
	"time"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/imageio"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
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
	size := j.picture.Bounds().Size()
	picture, err := imageio.FromTensor(tensor.Float32s(r.Image), size.Y, size.X, imageio.ChannelsFirst, imageio.Signed)
	if err != nil {
		return nil, err
	}
	mask, err1 := imageio.FromMap(r.Mask, size.Y, size.X)
	heat, err2 := imageio.HeatMap(picture, r.SoftMap)
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
	}{{"picture", ".png", picture}, {"mask", "-mask.png", mask}, {"heat map", "-heat.png", heat}} {
		if err := imageio.WritePNG(stem+p.suffix, p.image); err != nil {
			return nil, err
		}
		paths = append(paths, stem+p.suffix)
		names[p.kind] = filepath.Base(stem + p.suffix)
	}
	data, err := json.MarshalIndent(record{
		Options: j.flags, Seed: seed, Prompt: j.options.Prompt, Detail: j.options.Detail,
		Tokens: j.promptTokens(), Anomaly: g.Tokens(), Size: [2]int{size.X, size.Y}, Fit: j.fit,
		Steps: g.Steps(), Refine: g.RefineSteps(), Threshold: r.Threshold, MaskShare: share(r.Mask),
		Seconds: took.Seconds(), Compute: "float32 " + kernels.ISA(), Files: names, Model: hashes, Trace: r.Trace,
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(paths, stem+".json"), files.Write(stem+".json", append(data, '\n'))
}

// promptTokens are the prompt's tokens up to the end token.
func (j *job) promptTokens() []string {
	t := j.pipeline.Tokenizer
	tokens := t.Tokens(t.Encode(j.options.Prompt))
	last := len(tokens) - 1
	for last > 1 && tokens[last-1] == tokens[last] {
		last-- // padding
	}
	return tokens[:last+1]
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
