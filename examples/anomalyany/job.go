package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/imageio"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
)

// job is the pictures of one command line.
type job struct {
	flags    flags
	pipeline *diffusion.Pipeline
	canvas   *canvas
	options  anomaly.Options
	hashes   func() (map[string]string, error)
}

// newJob reads the pictures and checks everything that can be checked before
// the long work.
func newJob(f flags, p *diffusion.Pipeline) (*job, error) {
	j := &job{flags: f, pipeline: p, options: f.options()}
	if j.options.Refine != 0 && p.CLIP == nil {
		return nil, fmt.Errorf("%w; or leave the refinement out with --no-refine", diffusion.ErrNoCLIP)
	}
	var err error
	if j.canvas, err = newCanvas(f, p.Multiple()); err != nil {
		return nil, err
	}
	j.options.Mask = j.canvas.may
	if left := p.Tokenizer.Truncated(j.options.Prompt); len(left) > 0 {
		fmt.Fprintf(os.Stderr, "the prompt is too long; left out: %s\n", strings.Join(left, " "))
	}
	if err := files.MakeWritable(f.Out); err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	j.hashes = hashInBackground(p.Files())
	return j, nil
}

// gradient is a drawn picture, for runs that only measure.
func gradient(size int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			m.SetRGBA(x, y, color.RGBA{uint8(255 * x / size), uint8(255 * y / size), 128, 255})
		}
	}
	return m
}

// run makes every picture.
func (j *job) run(ctx context.Context) error {
	size := j.canvas.input.Bounds().Size()
	fmt.Fprintf(os.Stderr, "photograph: %s\nprompt: %s\n", j.canvas.fit, j.options.Prompt)
	if j.options.Detail == j.options.Prompt && j.options.Refine != 0 {
		fmt.Fprintln(os.Stderr, "there is no --detail: the embedding's loss L_prompt starts at 0 and asks for nothing")
	}
	started := time.Now()
	input := tensor.FromFloat32s(imageio.ToTensor(j.canvas.input, imageio.ChannelsFirst, imageio.Signed), 1, 3, size.Y, size.X)
	g, err := anomaly.New(ctx, j.pipeline, input, j.options)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "prepared in %.1f s: float32 on %s, %d threads; %d of %d timesteps run, the last %d with refinement\n",
		time.Since(started).Seconds(), kernels.ISA(), kernels.Threads(), g.Steps(), j.options.Steps, g.RefineSteps())
	if err := j.showForeground(); err != nil {
		return err
	}
	bar := newProgress(g, j.flags.N)
	for i := range j.flags.N {
		seed := j.flags.Seed + uint64(i)
		if err := j.makeOne(ctx, g, seed, bar); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}

func (j *job) makeOne(ctx context.Context, g *anomaly.Generator, seed uint64, bar *progress) error {
	started := time.Now()
	bar.begin(seed)
	r, err := g.Run(ctx, seed, bar.step)
	bar.end()
	if err != nil {
		return err
	}
	paths, err := j.write(g, seed, r, time.Since(started))
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(paths, "\n"))
	return nil
}

// name is the stem of a seed's files.
func (j *job) name(seed uint64) string {
	slug := func(s string) string {
		return strings.Trim(strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
				return r
			}
			return '-'
		}, strings.ToLower(s)), "-")
	}
	parts := []string{}
	for _, s := range []string{slug(j.flags.Object), slug(j.flags.Anomaly), fmt.Sprintf("%04d", seed)} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return filepath.Join(j.flags.Out, strings.Join(parts, "-"))
}
