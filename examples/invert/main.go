// Command invert learns a word for a defect from photographs of it: textual inversion.
//
//	go run ./examples/invert
//	go run ./examples/invert --model sd15 --object hazelnut --anomaly crack --mask masks photographs
//
// The first learns a crack on a hazelnut, a pair that the small model of the module never saw, from three drawings. What
// is learned is one small file, which diffusers and the web UI read, too; --embedding gives it to the other programs. The
// model itself does not change.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/demo"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor"
)

func newParser(f *flags) cli.Parser {
	return cli.NewParser("invert", "Learns a word for a defect from one or a few photographs of it (textual inversion).", f)
}

func main() {
	var f flags
	cli.Main(newParser(&f), "what was learned is kept: the same command goes on", func(ctx context.Context) error { return run(ctx, f) })
}

// run learns a word.
func run(ctx context.Context, f flags) (err error) {
	if err := f.Use(os.Stderr); err != nil {
		return err
	}
	defer f.Compute.Close()
	folder, err := files.Hold(f.Out)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer folder.Release()
	found, err := f.Find(ctx, f.Model, f.TAESD)
	if err != nil {
		return err
	}
	f.Model, f.TAESD = found[0].Path, found[1].Path
	m, err := openModel(ctx, f, f.VariantOf(found[0])...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	l, err := newLesson(ctx, f.withDrawn(), m, folder)
	if err != nil {
		return err
	}
	return cli.Cause(m, l.learn(ctx))
}

// model is what words are learned for, and what suits it.
type model struct {
	*diffusion.Pipeline
	defaults anomalyany.Defaults
	drawn    bool // it is the small one
}

// openModel opens the model that is asked for, or the small one.
func openModel(ctx context.Context, f flags, variant ...diffusion.OpenOption) (m model, err error) {
	dir := tensor.InFS(demo.FS())
	m.drawn = f.Model == "" && !f.Random
	if !m.drawn {
		dir = tensor.OnDisk(f.Model)
	}
	if m.drawn || f.isFolder() {
		if m.defaults, err = anomalyany.ReadDefaults(dir); err != nil {
			return m, err
		}
	}
	opts := append(slices.Concat(f.Options(), f.Correct(), f.OpenTiny(), variant), diffusion.WithoutCLIP())
	m.Pipeline, err = cli.Await(ctx, func() (*diffusion.Pipeline, error) {
		switch {
		case f.Random:
			return diffusion.Random(0, opts...)
		case m.drawn:
			return demo.Open(ctx, opts...)
		}
		return diffusion.Open(ctx, f.Model, opts...)
	})
	f.WarnOfXL(os.Stderr, m.Pipeline)
	if m.drawn && err == nil {
		fmt.Fprintln(os.Stderr, "model: the small one of drawings that comes with the module; --model DIR is for photographs")
	}
	return m, err
}

// fingerprint tells the weights from others.
func (m model) fingerprint(ctx context.Context) (string, error) {
	if m.drawn { // no files, and small
		hashes, err := m.Hashes(ctx)
		return files.Together(hashes), err
	}
	return files.Fingerprint(m.Files()...)
}
