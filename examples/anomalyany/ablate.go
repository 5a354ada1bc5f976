package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// ablation is a configuration of the paper's ablation table.
type ablation struct {
	name   string
	change func(f *Spec)
}

// ablations are the whole algorithm, and it without each of its parts.
var ablations = []ablation{
	{"full", func(*Spec) {}},
	{"no-condition", func(s *Spec) { s.NoCondition = true }},
	{"no-attention", func(s *Spec) { s.NoAttention = true }},
	{"no-refine", func(s *Spec) { s.NoRefine = true }},
	{"no-scheduler", func(s *Spec) { s.NoScheduler = true }},
}

// ablate makes the picture of a seed in every configuration, each into a folder
// of its own under --out, and puts them side by side.
func ablate(ctx context.Context, spec Spec) (err error) {
	if err := spec.checkAblate(); err != nil {
		return err
	}
	d, err := openFolder(spec)
	if err != nil {
		return err
	}
	defer func() { err = d.close(err) }()
	p, err := openModel(ctx, spec)
	if err != nil {
		return err
	}
	defer p.Close()
	all := make([]*batch, len(ablations))
	defer func() {
		for _, b := range all {
			if b != nil {
				err = b.folder.close(err)
			}
		}
	}()
	for i, a := range ablations {
		if all[i], err = a.batch(ctx, spec, p); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	together := shared{name: filepath.Base(all[0].jobs[0].stem(spec.Seed)) + "-ablation.png"}
	if err := d.mayWrite(together); err != nil {
		return err
	}
	var panels []image.Image
	for i, a := range ablations {
		picture, err := a.picture(ctx, all[i])
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

// batch is that of a configuration, with a folder of its own. What would be lost
// there is refused.
func (a ablation) batch(ctx context.Context, spec Spec, p *model) (b *batch, err error) {
	spec.Out, spec.Keep = filepath.Join(spec.Out, a.name), "all"
	spec.KeepPart = false // it is the model's pictures that are compared
	a.change(&spec)
	if err := notALink(spec.Out); err != nil {
		return nil, err
	}
	d, err := openFolder(spec)
	if err != nil {
		return nil, err
	}
	if b, err = newBatch(ctx, spec, p, d, []Spec{spec}); err == nil {
		b.listed = true
		err = b.plan(ctx)
	}
	if err != nil {
		return nil, d.close(err)
	}
	return b, nil
}

// picture makes the picture of a configuration, and its page.
func (a ablation) picture(ctx context.Context, b *batch) (image.Image, error) {
	fmt.Fprintf(os.Stderr, "\n%s\n", a.name)
	if err := cli.Cause(b.model, b.run(ctx)); err != nil {
		return nil, err
	}
	if err := b.folder.flush(); err != nil {
		return nil, err
	}
	return images.Read(ctx, b.jobs[0].stem(b.spec.Seed)+".png")
}

// checkAblate refuses what ablate sets itself or has no use for.
func (s *Spec) checkAblate() error {
	switch {
	case s.released():
		return errors.New("ablate compares the parts of --preset paper: preset released has none of them")
	case s.leavesOut():
		return errors.New("ablate leaves out each part in turn: --no-condition, --no-attention, --no-refine and --no-scheduler are its own")
	case s.N != 1:
		return fmt.Errorf("ablate compares the pictures of one seed: --n is %d, want 1", s.N)
	case len(s.Images) > 1 || photos.IsFolder(s.Image):
		return errors.New("ablate compares the pictures of one photograph: give one --image FILE")
	case s.Again != nil:
		return errors.New("ablate makes new pictures: it has no --from")
	}
	return nil
}
