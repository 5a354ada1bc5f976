package main

import (
	"context"
	"fmt"
	"image"
	"time"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// job is the pictures of one Spec: of one photograph and one prompt. A batch is
// several.
type job struct {
	spec    Spec
	model   *model
	folder  *folder // where the pictures go
	options anomalyany.Options
	names   map[uint64]string // of seeds whose pictures the folder has under another name than the Spec's

	// What stays of photograph and mask when they have been looked at.
	inputs     map[string]string // their SHA-256
	masks      []inputFile       // of a folder of masks, which pictures take in turn
	others     pool              // what another generator takes patches from
	textures   shown             // what it shows through
	fit        string            // what becomes of the photograph
	size       image.Point       // of the pictures
	input      image.Point       // of what the model sees
	profiled   bool              // the photograph has a colour profile
	foreground string            // the name of the file of the mask that was made from the photograph, empty if none was

	// What is there while pictures are made (prepare).
	canvas  *anomaly.Canvas
	object  *image.RGBA            // the mask that was made from the photograph, nil if none was
	encoded *anomalyany.Photograph // what the model sees of the canvas
	worker  *worker                // who makes the pictures
	ground  *ground                // what masks are drawn on, where each picture has its own
	place   *place                 // that mask, of the job of one picture
	note    string                 // what was done about a mask that is too thin
	made    []string               // what another generator notes of a picture
	scorer  *anomalyany.Scorer     // what pictures are compared with, once one is there
}

// newJob reads photograph and mask and checks everything that can be checked before
// the long work; they are read again when it is the job's turn. The pictures go into a
// folder that the caller holds.
func newJob(ctx context.Context, spec Spec, m *model, d *folder, t shown) (*job, error) {
	j := &job{spec: spec, model: m, options: spec.options(), folder: d, textures: t}
	if !spec.isOther() && j.options.Refine != 0 && m.CLIP == nil {
		return nil, fmt.Errorf("%w; or leave the refinement out with --no-refine", diffusion.ErrNoCLIP)
	}
	var err error
	if j.inputs, err = j.hashInputs(ctx); err != nil {
		return nil, err
	}
	if j.others, err = spec.findOthers(ctx); err != nil {
		return nil, err
	}
	if err := spec.Again.check(j); err != nil {
		return nil, err
	}
	if j.masks, err = cli.Await(ctx, func() ([]inputFile, error) { return findMasks(spec) }); err != nil {
		return nil, err
	}
	of := j.with(m)
	if err := of.open(ctx); err != nil {
		return nil, err
	}
	if spec.isOther() {
		if err := of.checkInput(ctx); err != nil {
			return nil, err
		}
	}
	if err := of.tryPlaces(ctx); err != nil {
		return nil, err
	}
	picture, _ := of.canvas.Input()
	j.fit, j.size, j.input = of.canvas.String(), of.canvas.Photograph().Rect.Size(), picture.Rect.Size()
	j.profiled = of.canvas.Colours.Profile != nil
	of.size, of.profiled = j.size, j.profiled
	j.foreground, err = of.checkShared()
	return j, err
}

// with is the same job for a worker with a model of its own, before it is prepared.
func (j *job) with(m *model) *job {
	of := *j
	of.model, of.canvas, of.object, of.encoded, of.scorer, of.ground = m, nil, nil, nil, nil, nil
	return &of
}

func (j *job) hashInputs(ctx context.Context) (map[string]string, error) {
	return cli.Await(ctx, func() (map[string]string, error) { return hashInputs(j.spec) })
}

// open reads the photograph and the mask.
func (j *job) open(ctx context.Context) (err error) {
	spec, _ := j.of(j.spec.Seed)
	j.canvas, j.object, err = readCanvas(ctx, spec, j.model.Multiple())
	return err
}

// maker makes the pictures of a job that is prepared.
type maker interface {
	// make makes a seed's picture, and reports how far it is.
	make(ctx context.Context, seed uint64, bar *part) (*outcome, error)
	// about says what making a picture is like, in lines.
	about(c *cli.Compute) []string
}

// prepare reads the photograph and the mask again and has the model see them.
func (j *job) prepare(ctx context.Context, w *worker) (maker, error) {
	inputs, err := j.hashInputs(ctx)
	if err != nil {
		return nil, err
	}
	for name, h := range j.inputs {
		if inputs[name] != h {
			return nil, fmt.Errorf("the file of --%s has changed since this run began: its SHA-256 is %s, was %s", name, files.Short(inputs[name]), files.Short(h))
		}
	}
	if err := j.open(ctx); err != nil {
		return nil, err
	}
	j.worker = w
	picture, _ := j.canvas.Input()
	if j.spec.isOther() {
		g, err := j.newGenerator(ctx, picture.Rect.Size())
		return &byGenerator{j, g}, err
	}
	g, err := w.generator(ctx, picture.Rect.Size(), j.options)
	if err != nil {
		return nil, err
	}
	return &byWords{j, g}, j.encode(ctx, g)
}

// pixels is the size of what the model sees.
func (j *job) pixels() float64 { return float64(j.input.X * j.input.Y) }

// outcome is a picture before it is saved.
type outcome struct {
	job  *job // with the picture's own mask
	seed uint64
	*product
	took time.Duration
}

// save writes a picture and what belongs to it, and returns the paths.
func (j *job) save(m *outcome, f *encoded) ([]string, error) {
	paths, err := m.job.write(m, f)
	if err != nil {
		return nil, fmt.Errorf("seed %d: %w", m.seed, err)
	}
	return paths, j.removeState(m.seed)
}
