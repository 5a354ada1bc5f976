package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// ablation is a configuration of the paper's ablation table.
type ablation struct {
	name   string
	change func(f *flags)
}

// ablations are the whole algorithm, and it without each of its parts.
var ablations = []ablation{
	{"full", func(*flags) {}},
	{"no-condition", func(f *flags) { f.NoCondition = true }},
	{"no-attention", func(f *flags) { f.NoAttention = true }},
	{"no-refine", func(f *flags) { f.NoRefine = true }},
	{"no-scheduler", func(f *flags) { f.NoScheduler = true }},
}

// ablate makes the picture of a seed in every configuration, each into a folder
// of its own under --out, and puts them side by side.
func ablate(ctx context.Context, f flags) (err error) {
	if err := f.checkAblate(); err != nil {
		return err
	}
	d, err := openFolder(f)
	if err != nil {
		return err
	}
	defer func() { err = d.close(err) }()
	p, err := openModel(ctx, f)
	if err != nil {
		return err
	}
	defer p.Close()
	stem := filepath.Base((&job{flags: f}).name(f.Seed))
	together := shared{name: stem + "-ablation.png"}
	if err := d.mayWrite(together); err != nil {
		return err
	}
	jobs := make([]*job, len(ablations))
	defer func() {
		for _, j := range jobs {
			if j != nil {
				err = j.folder.close(err)
			}
		}
	}()
	for i, a := range ablations {
		if jobs[i], err = a.job(ctx, f, p); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	var panels []image.Image
	for i, a := range ablations {
		picture, err := a.picture(ctx, jobs[i])
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		panels = append(panels, show.Labelled(picture, a.name))
	}
	if together.data, err = images.EncodePNG(show.SideBySide(panels...), nil); err != nil {
		return err
	}
	if err := d.put(together); err != nil {
		return err
	}
	_, err = fmt.Println(d.Path(together.name))
	return err
}

// job is that of a configuration, with a folder of its own. What would be lost
// there is refused.
func (a ablation) job(ctx context.Context, f flags, p *model) (j *job, err error) {
	f.Out, f.Keep = filepath.Join(f.Out, a.name), "all"
	a.change(&f)
	if err := notALink(f.Out); err != nil {
		return nil, err
	}
	d, err := openFolder(f)
	if err != nil {
		return nil, err
	}
	if j, err = newJob(ctx, f, p, d); err == nil {
		_, err = j.left(ctx)
	}
	if err != nil {
		return nil, d.close(err)
	}
	return j, nil
}

// picture makes the picture of a configuration, and its page.
func (a ablation) picture(ctx context.Context, j *job) (image.Image, error) {
	fmt.Fprintf(os.Stderr, "\n%s\n", a.name)
	if err := cli.Cause(j.model, j.run(ctx)); err != nil {
		return nil, err
	}
	if err := j.folder.flush(); err != nil {
		return nil, err
	}
	return images.Read(ctx, j.name(j.flags.Seed)+".png")
}

// checkAblate refuses flags that ablate sets itself or has no use for.
func (f *flags) checkAblate() error {
	switch {
	case f.released():
		return errors.New("ablate compares the parts of --preset paper: preset released has none of them")
	case f.NoCondition || f.NoAttention || f.NoRefine || f.NoScheduler:
		return errors.New("ablate leaves out each part in turn: --no-condition, --no-attention, --no-refine and --no-scheduler are its own")
	case f.N != 1:
		return fmt.Errorf("ablate compares the pictures of one seed: --n is %d, want 1", f.N)
	case f.From != "":
		return errors.New("ablate makes new pictures: it has no --from")
	}
	return nil
}
