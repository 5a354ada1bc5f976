package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// model is what the weights are.
type model struct {
	Weights []weights `json:"weights"`
	Texts   string    `json:"configuration"` // one hash of all configurations and vocabularies
	CLIP    bool      `json:"clip"`          // there is one

	single bool   // it is a single file
	paper  bool   // it has attention maps of a quarter of the latent, as the reference of AnomalyAny reads them
	odd    string // why not all schedulers that the reference knows take its configuration
	hash   string
}

// weights is a file of them.
type weights struct {
	File   string `json:"file"` // relative to MODEL or CLIP
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// identify opens the model, which says early whether it will do, and hashes its files.
func (r *run) identify(ctx context.Context) error {
	var opts []diffusion.OpenOption
	if r.Clip != "" {
		opts = append(opts, diffusion.WithCLIPDir(r.Clip))
	}
	fmt.Fprintln(os.Stderr, "opening the model, and hashing its files")
	p, err := cli.Await(ctx, func() (*diffusion.Pipeline, error) { return diffusion.Open(ctx, r.Model, opts...) })
	if err != nil {
		return fmt.Errorf("--model: %w", err)
	}
	defer p.Close()
	hashes, err := p.Hashes(ctx)
	if err != nil {
		return fmt.Errorf("--model: %w", err)
	}
	for path, hash := range hashes {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("--model: %w", err)
		}
		r.model.Weights = append(r.model.Weights, weights{r.private.text(path), info.Size(), hash})
	}
	slices.SortFunc(r.model.Weights, func(a, b weights) int { return strings.Compare(a.File, b.File) })
	info, err := os.Stat(r.Model)
	r.model.single = err == nil && !info.IsDir()
	r.model.paper = p.UNet.Config.InChannels == 4 && len(p.UNet.Config.BlockOutChannels) > 2
	if _, err := diffusion.NewScheduler("pndm", p.Scheduler, 20); err != nil {
		r.model.odd = err.Error()
	}
	r.model.CLIP, r.model.Texts = p.CLIP != nil, files.Together(p.Texts())
	r.model.hash = files.Together(hashes) + r.model.Texts
	return err
}

// clipDir is the folder of CLIP, "" where there is none.
func (r *run) clipDir() string {
	switch {
	case !r.model.CLIP:
		return ""
	case r.Clip != "":
		return r.Clip
	}
	return filepath.Join(r.Model, "clip")
}
