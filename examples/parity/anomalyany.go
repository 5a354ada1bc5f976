package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor"
)

// anomalyConfig is the JSON that describes a run. What it leaves out is as in
// the preset.
type anomalyConfig struct {
	Preset   anomalyany.Preset `json:"preset"`
	Prompt   string            `json:"prompt"`
	Detailed string            `json:"detailed"`
	Normal   string            `json:"normal"` // released
	Word     string            `json:"word"`
	Words    []string          `json:"words"` // instead of word, where there are several
	T        *int              `json:"T"`
	Guidance *float32          `json:"guidance"`

	Gamma  *float64 `json:"gamma"`
	Lambda *float64 `json:"lam"`
	Mu     *float64 `json:"mu"`
	EtaE   *float64 `json:"eta_e"`
	R      *int     `json:"R"`

	Scale *float64 `json:"scale"` // released
	N     *int     `json:"N"`     // released
}

func readAnomalyConfig(path string) (anomalyany.Options, error) {
	if path == "" {
		return anomalyany.Options{}, errors.New("--config FILE.json is missing")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return anomalyany.Options{}, err
	}
	var c anomalyConfig
	if err := json.Unmarshal(data, &c); err != nil {
		return anomalyany.Options{}, fmt.Errorf("%s: %w", path, err)
	}
	o, err := c.options()
	if err != nil {
		return o, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

func (c anomalyConfig) options() (anomalyany.Options, error) {
	var o anomalyany.Options
	switch c.Preset {
	case anomalyany.PaperPreset, "":
		o = anomalyany.Paper()
	case anomalyany.ReleasedPreset:
		o = anomalyany.Released()
	default:
		return o, fmt.Errorf("preset %q, want %s or %s", c.Preset, anomalyany.PaperPreset, anomalyany.ReleasedPreset)
	}
	o.Prompt, o.Detail, o.Normal, o.Words = c.Prompt, c.Detailed, c.Normal, c.Words
	if c.Word != "" {
		o.Words = append([]string{c.Word}, c.Words...)
	}
	set(&o.Steps, c.T)
	set(&o.Guidance, c.Guidance)
	set(&o.Gamma, c.Gamma)
	set(&o.Lambda, c.Lambda)
	set(&o.Mu, c.Mu)
	set(&o.EtaE, c.EtaE)
	set(&o.Refine, c.R)
	set(&o.Released.EarlyScale, c.Scale)
	set(&o.Released.Tail, c.N)
	return o, nil
}

// set is to = from, where there is one.
func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// mask is that of the input file, nil where everything may change.
func mask(in tensors) []float32 {
	m := tensor.Float32s(in["mask"])
	if slices.ContainsFunc(m, func(v float32) bool { return v != 1 }) {
		return m
	}
	return nil
}

// noises are those of the input file.
func noises(o anomalyany.Options, in tensors) (anomalyany.Noises, error) {
	n := anomalyany.Noises{Initial: tensor.Float32s(in["noise"])}
	if o.Preset != anomalyany.ReleasedPreset {
		return n, nil
	}
	encoder, fresh := in["encoder_noise"], in["fresh_noise"]
	if encoder == nil || fresh == nil && mask(in) != nil {
		return n, errors.New("preset released also reads encoder_noise [1, 4, h, w] and, with a mask, fresh_noise [N+1, 4, h, w]")
	}
	n.Encoder = tensor.Float32s(encoder)
	if mask(in) != nil {
		n.Fresh = slices.Collect(slices.Chunk(tensor.Float32s(fresh), len(n.Encoder)))
	}
	return n, nil
}

// runAnomaly makes one picture and records every latent on the way.
func runAnomaly(ctx context.Context, o options, in tensors) (tensors, error) {
	config, err := readAnomalyConfig(o.Config)
	if err != nil {
		return nil, err
	}
	image := in["image"]
	drawn, err := noises(config, in)
	if err != nil {
		return nil, err
	}
	var opts []diffusion.OpenOption
	if o.Clip != "" {
		opts = append(opts, diffusion.WithCLIPDir(o.Clip))
	}
	p, err := openWithWords(ctx, o, opts...)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := p.CheckPicture(image); err != nil {
		return nil, err
	}
	s := image.Shape()
	g, err := anomalyany.New(ctx, p, s[2], s[3], config)
	if err != nil {
		return nil, err
	}
	photograph, err := g.Encode(ctx, image, mask(in))
	if err != nil {
		return nil, err
	}
	out := tensors{}
	result, err := g.RunNoises(ctx, photograph, drawn, func(s anomalyany.Step) error {
		out[fmt.Sprintf("latent.%d", s.I)] = s.Latent.Copy().Dense
		fmt.Fprintf(os.Stderr, "step %d of %d: t %d, L_att %.4f, n %v\n", s.I+1, g.Steps(), s.T, s.Attention, s.Cells)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out["image"], out["embedding"] = result.Image, result.Embedding
	if config.Preset == anomalyany.ReleasedPreset {
		out["embedding_start"] = result.Start
		for i, v := range tensor.Float32s(result.Image) {
			tensor.Float32s(result.Image)[i] = v/2 + 0.5
		}
	}
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
