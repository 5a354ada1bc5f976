package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor"
)

// anomalyConfig is the JSON that describes a run.
type anomalyConfig struct {
	Preset   string  `json:"preset"`
	Prompt   string  `json:"prompt"`
	Detailed string  `json:"detailed"`
	Word     string  `json:"word"`
	T        int     `json:"T"`
	Gamma    float64 `json:"gamma"`
	Lambda   float64 `json:"lam"`
	Mu       float64 `json:"mu"`
	EtaE     float64 `json:"eta_e"`
	Guidance float32 `json:"guidance"`
	R        *int    `json:"R"`
}

func readAnomalyConfig(path string) (anomaly.Options, error) {
	o := anomaly.Paper()
	if path == "" {
		return o, errors.New("--config FILE.json is missing")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return o, err
	}
	c := anomalyConfig{T: o.Steps, Gamma: o.Gamma, Lambda: o.Lambda, Mu: o.Mu, EtaE: o.EtaE, Guidance: o.Guidance, R: &o.Refine}
	if err := json.Unmarshal(data, &c); err != nil {
		return o, fmt.Errorf("%s: %w", path, err)
	}
	if c.Preset != "" && c.Preset != "paper" {
		return o, fmt.Errorf("%s: preset %q, want paper", path, c.Preset)
	}
	o.Prompt, o.Detail, o.Word = c.Prompt, c.Detailed, c.Word
	o.Steps, o.Gamma, o.Lambda, o.Mu, o.EtaE, o.Guidance = c.T, c.Gamma, c.Lambda, c.Mu, c.EtaE, c.Guidance
	if c.R != nil {
		o.Refine = *c.R
	}
	return o, nil
}

// runAnomaly makes one picture and records every latent on the way.
func runAnomaly(ctx context.Context, o options, in tensors) (tensors, error) {
	config, err := readAnomalyConfig(o.Config)
	if err != nil {
		return nil, err
	}
	image, noise := in["image"], in["noise"]
	if m := in["mask"]; m != nil && !allOnes(tensor.Float32s(m)) {
		config.Mask = tensor.Float32s(m)
	}
	var opts []diffusion.OpenOption
	if o.Clip != "" {
		opts = append(opts, diffusion.WithCLIPDir(o.Clip))
	}
	p, err := diffusion.Open(o.Model, opts...)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	g, err := anomaly.New(ctx, p, image, config)
	if err != nil {
		return nil, err
	}
	out := tensors{}
	result, err := g.RunNoise(ctx, tensor.Float32s(noise), func(s anomaly.StepTrace, z diffusion.Latent) error {
		out[fmt.Sprintf("latent.%d", s.I)] = z.Copy().Dense
		fmt.Fprintf(os.Stderr, "step %d of %d: t %d, L_att %.4f, n %d\n", s.I+1, g.Steps(), s.T, s.Attention, s.Cells)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := image.Shape()
	out["image"], out["embedding"] = result.Image, result.Embedding
	out["soft_map"] = tensor.FromFloat32s(result.SoftMap, 1, 1, s[2], s[3])
	if o.Trace == "" {
		return out, nil
	}
	data, err := json.MarshalIndent(map[string]any{"steps": result.Trace}, "", " ")
	if err != nil {
		return nil, err
	}
	return out, files.Write(o.Trace, data)
}

func allOnes(v []float32) bool {
	for _, x := range v {
		if x != 1 {
			return false
		}
	}
	return true
}
