package main

import (
	"context"
	"fmt"
	"image"
	"os"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// job is the maps of one command line.
type job struct {
	flags         flags
	pipeline      *diffusion.Pipeline
	words         []word
	width, height int         // of the picture
	photograph    *image.RGBA // at the size that is worked at; nil without --image
	scheduler     diffusion.Scheduler
	noise         *tensor.Rand
	folder        *files.Folder // where the maps go
	kept          *index        // what is there
	preview       *show.Preview // nil for none
}

// newJob checks everything that can be checked before the long work.
func newJob(ctx context.Context, f flags, p *diffusion.Pipeline) (*job, error) {
	j := &job{flags: f, pipeline: p, width: f.Size, height: f.Size, noise: tensor.NewRand(f.Seed)}
	var err error
	if j.words, err = findWords(p.Tokenizer, f.Prompt, f.Words); err != nil {
		return nil, err
	}
	if err := f.Preview.Check(p); err != nil {
		return nil, err
	}
	f.WarnOfXL(os.Stderr, p)
	cli.WarnOfCuts(os.Stderr, p.Tokenizer, "prompt", f.Prompt)
	cli.WarnOfCuts(os.Stderr, p.Tokenizer, "negative prompt", f.Negative)
	if err := j.readPhotograph(ctx); err != nil {
		return nil, err
	}
	if err = images.CheckSize(j.width, j.height); err == nil {
		err = p.CheckSize(j.height, j.width)
	}
	if err != nil {
		return nil, fmt.Errorf("--size %d: %w", f.Size, err)
	}
	kind := f.Scheduler
	if f.Image != "" {
		kind = "ddim" // only adds noise
	}
	if j.scheduler, err = diffusion.NewScheduler(kind, p.Scheduler, f.Steps, diffusion.WithNoise(j.noise.Randn)); err != nil {
		return nil, err
	}
	for _, t := range f.T {
		one := diffusion.NewLatent([]float32{0}, 1, 1, 1)
		if _, err := j.scheduler.AddNoise(one, one, t); err != nil {
			return nil, fmt.Errorf("--t: %w", err)
		}
	}
	return j, nil
}

// readPhotograph brings the photograph, if there is one, to a size that the
// model takes.
func (j *job) readPhotograph(ctx context.Context) error {
	if j.flags.Image == "" {
		return nil
	}
	picture, err := images.Read(ctx, j.flags.Image)
	if err != nil {
		return err
	}
	fit, err := images.FitTo(picture.Bounds().Size(), j.flags.Size, j.pipeline.Multiple())
	if err != nil {
		return err
	}
	if j.photograph, err = fit.Picture(picture); err != nil {
		return err
	}
	j.width, j.height = fit.Size().X, fit.Size().Y
	fmt.Fprintf(os.Stderr, "photograph: %s\n", fit)
	return nil
}

// run makes the maps and writes them.
func (j *job) run(ctx context.Context) error {
	if err := j.check(); err != nil {
		return err
	}
	var err error
	if j.preview, err = show.NewPreview(ctx, j.flags.Every, j.folder.Path(show.PreviewName), "attention", j.pipeline.DecodePreview); err != nil {
		return err
	}
	o, err := newObserver(ctx, j)
	if err != nil {
		return err
	}
	var names []string
	for _, w := range j.words {
		names = append(names, w.text)
	}
	fmt.Fprintf(os.Stderr, "%d×%d; maps of %s; %s\n",
		j.width, j.height, strings.Join(names, ", "), &j.flags.Compute)
	picture := j.photograph
	if picture != nil {
		err = o.photograph(ctx)
	} else {
		picture, err = o.generate(ctx)
	}
	if err != nil {
		return err
	}
	if err := j.pipeline.Changed(); err != nil { // the page says which model made it
		return err
	}
	paths, err := j.write(ctx, picture, o.maps)
	if err != nil {
		return err
	}
	_, err = fmt.Println(strings.Join(paths, "\n"))
	return err
}
