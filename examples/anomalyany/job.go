package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"strings"
	"time"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// job is the pictures of one Spec.
type job struct {
	spec    Spec
	model   *model
	canvas  *anomaly.Canvas
	object  *image.RGBA // the mask that was made from the photograph, nil if none was
	options anomalyany.Options
	encoded *anomalyany.Photograph // what the model sees of the canvas, by prepare
	inputs  map[string]string      // SHA-256 of the photograph and the mask
	folder  *folder                // where the pictures go
	scorer  *anomalyany.Scorer     // what pictures are compared with, once one is there
}

// newJob reads the pictures and checks everything that can be checked before
// the long work. The pictures go into a folder that the caller holds.
func newJob(ctx context.Context, spec Spec, m *model, d *folder) (*job, error) {
	j := &job{spec: spec, model: m, options: spec.options(), folder: d}
	if j.options.Refine != 0 && m.CLIP == nil {
		return nil, fmt.Errorf("%w; or leave the refinement out with --no-refine", diffusion.ErrNoCLIP)
	}
	var err error
	if j.inputs, err = cli.Await(ctx, func() (map[string]string, error) { return hashInputs(spec) }); err != nil {
		return nil, err
	}
	if err := spec.Again.check(j); err != nil {
		return nil, err
	}
	if j.canvas, j.object, err = readCanvas(ctx, spec, m.Multiple()); err != nil {
		return nil, err
	}
	cli.WarnOfCuts(os.Stderr, m.Tokenizer, "prompt", j.options.Prompt)
	if j.options.Detail != j.options.Prompt {
		cli.WarnOfCuts(os.Stderr, m.Tokenizer, "detailed prompt", j.options.Detail)
	}
	cli.WarnOfCuts(os.Stderr, m.Tokenizer, "negative prompt", j.options.Negative)
	_, err = cli.Await(ctx, func() (any, error) { return nil, spec.Again.checkModel(spec.Arithmetic(), m) })
	return j, err
}

// run makes every picture.
func (j *job) run(ctx context.Context) error {
	seeds, err := j.left(ctx)
	if err != nil || len(seeds) == 0 {
		return err
	}
	fmt.Fprintf(os.Stderr, "photograph: %s\nprompt: %s\n", j.canvas, j.options.Prompt)
	if j.options.Detail == j.options.Prompt && j.options.Refine != 0 {
		fmt.Fprintln(os.Stderr, "there is no --detail: the embedding's loss L_prompt starts at 0 and asks for nothing")
	}
	started := time.Now()
	g, err := j.prepare(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "prepared in %.1f s: %s; %d of %d timesteps run, the last %d with refinement\n",
		time.Since(started).Seconds(), &j.spec.Compute, g.Steps(), j.options.Steps, g.RefineSteps())
	if err := j.showForeground(); err != nil {
		return err
	}
	bar := newProgress(ctx, os.Stderr, g, len(seeds))
	for _, seed := range seeds {
		if err := j.makeOne(ctx, g, seed, bar); err != nil {
			return err
		}
	}
	return nil
}

// makeOne makes and saves a picture and says where it is.
func (j *job) makeOne(ctx context.Context, g *anomalyany.Generator, seed uint64, bar reporter) error {
	m, err := j.make(ctx, g, seed, bar)
	if err != nil {
		return err
	}
	paths, err := j.save(m)
	if err != nil {
		return err
	}
	for _, why := range j.spec.judge(m.scores) {
		fmt.Fprintf(os.Stderr, "seed %d failed: %s\n", seed, why)
	}
	_, err = fmt.Println(strings.Join(paths, "\n"))
	return err
}

// prepare encodes the words and the photograph, and compiles the graphs.
func (j *job) prepare(ctx context.Context) (*anomalyany.Generator, error) {
	picture, mask := j.canvas.Input()
	g, err := anomalyany.New(ctx, j.model.Pipeline, picture.Rect.Dy(), picture.Rect.Dx(), j.options)
	if err != nil {
		return nil, err
	}
	j.encoded, err = g.Encode(ctx, images.ForModel(picture), mask)
	return g, err
}

// outcome is a picture before it is saved.
type outcome struct {
	g      *anomalyany.Generator
	seed   uint64
	result *anomalyany.Result
	scores anomalyany.Scores
	took   time.Duration
}

// make makes and judges a picture.
func (j *job) make(ctx context.Context, g *anomalyany.Generator, seed uint64, bar reporter) (*outcome, error) {
	started := time.Now()
	r, err := j.generate(ctx, g, seed, bar)
	if err != nil {
		return nil, fmt.Errorf("seed %d: %w", seed, err)
	}
	s, err := j.score(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("seed %d: %w", seed, err)
	}
	return &outcome{g, seed, r, s, time.Since(started)}, nil
}

// score judges what the model made, before it is put into the photograph.
func (j *job) score(ctx context.Context, r *anomalyany.Result) (anomalyany.Scores, error) {
	picture, mask := j.canvas.Input()
	if j.scorer == nil {
		var err error
		if j.scorer, err = anomalyany.NewScorer(ctx, j.model.Pipeline, images.ForModel(picture), j.options.Prompt, j.normalPrompt()); err != nil {
			return anomalyany.Scores{}, err
		}
	}
	return j.scorer.Score(ctx, r, mask)
}

// normalPrompt is what a normal part is compared with.
func (j *job) normalPrompt() string {
	if j.spec.Object == "" && j.spec.Normal == "" {
		return "a photo"
	}
	return j.options.Normal
}

// save writes a picture and what belongs to it, and returns the paths.
func (j *job) save(m *outcome) ([]string, error) {
	paths, err := j.write(m)
	if err != nil {
		return nil, fmt.Errorf("seed %d: %w", m.seed, err)
	}
	return paths, j.removeState(m.seed)
}

// generate makes a seed's picture, or with --resume the rest of it.
func (j *job) generate(ctx context.Context, g *anomalyany.Generator, seed uint64, bar reporter) (*anomalyany.Result, error) {
	var kept *anomalyany.State
	if j.spec.Resume {
		var err error
		if kept, err = j.readState(seed); err != nil {
			return nil, err
		}
	}
	bar.begin(seed)
	defer bar.end()
	observe := j.keeping(g, seed, bar.step)
	if kept == nil {
		return g.Run(ctx, j.encoded, seed, observe)
	}
	bar.skip(kept.Step)
	r, err := g.Resume(ctx, j.encoded, kept, observe)
	if errors.Is(err, anomalyany.ErrState) {
		err = fmt.Errorf("%s: %w; delete the file, to begin this picture again, or give another --out", j.statePath(seed), err)
	}
	return r, err
}
