// Command gates measures a demo model on drawings that it was not trained on,
// and reports whether it is good enough: how its autoencoder keeps pictures,
// whether CLIP names subjects and defects, whether the attention of a defect's
// word lies on the defect, and what it makes of noise alone.
//
//	go run ./examples/demo/gates --json gates.json
//
//	draw.go          the drawings
//	reconstruct.go   the autoencoder
//	naming.go        CLIP
//	attend.go        attention, with its controls
//	sample.go        pictures from noise, for a person to look at
//	report.go        gates and tables
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/tensor"
)

// flags is the command line.
type flags struct {
	Model string `placeholder:"MODEL" help:"Model directory, as diffusers writes it, with CLIP in its clip/, or owner/name of the Hugging Face hub (default: the demo model, which comes with the program)."`
	cli.Hub
	Count int    `default:"240" help:"How many drawings of seen pairs, of unseen pairs, and without a defect, each (default: ${default})."`
	Seed  uint64 `type:"seed" default:"9000000" help:"Seed of the first drawing (default: ${default})."`
	Size  int    `placeholder:"PIXELS" help:"Height and width of the pictures (default: what the model's anomalyany.json says)."`
	Map   int    `placeholder:"CELLS" help:"Height and width of the attention maps (default: what anomalyany.json says)."`

	Samples  int     `default:"2" help:"Pictures from noise of each subject without a defect, with one that was seen on it, and with the unseen one, each; 0 for none (default: ${default})."`
	Steps    int     `placeholder:"T" help:"Timesteps of DDIM for them (default: what anomalyany.json says)."`
	Guidance float32 `placeholder:"W" help:"Scale of classifier-free guidance for them (default: what anomalyany.json says)."`

	Json  string `placeholder:"FILE" help:"Also write every number to a file."`
	Sheet string `default:"samples.png" placeholder:"FILE" help:"Where the pictures from noise go (default: ${default})."`
}

// Validate is called by kong after parsing.
func (f flags) Validate() error {
	const most = 1_000_000
	if f.Seed > math.MaxUint64-2*most {
		return fmt.Errorf("--seed is %d, want 0 to %d", f.Seed, uint64(math.MaxUint64-2*most))
	}
	return cmp.Or(
		cli.Within("--count", f.Count, 1, most),
		cli.Within("--samples", f.Samples, 0, 1000),
		cli.Within("--size", f.Size, 0, cli.LongestSide),
		cli.Within("--map", f.Map, 0, cli.LongestSide),
		cli.Within("--steps", f.Steps, 0, cli.MostSteps),
		cli.Within("--guidance", f.Guidance, 0, cli.MostGuidance),
	)
}

// errFailed ends the program where a gate did not pass.
var errFailed = errors.New("not every gate passed")

func newParser(f *flags) cli.Parser {
	return cli.NewParser("gates", "Measure a demo model on drawings that it was not trained on.", f)
}

func main() {
	var f flags
	cli.Main(newParser(&f), "nothing was written", func(ctx context.Context) error { return run(ctx, f) })
}

func run(ctx context.Context, f flags) error {
	if err := kernels.CheckEnvironment(); err != nil {
		return err
	}
	found, err := f.Find(ctx, f.Model)
	if err != nil {
		return err
	}
	f.Model = found[0].Path
	p, dir, err := f.open(ctx, f.VariantOf(found[0])...)
	if err != nil {
		return err
	}
	defer p.Close()
	if p.CLIP == nil {
		return diffusion.ErrNoCLIP
	}
	if err := f.complete(p, dir); err != nil {
		return err
	}
	for _, path := range []string{f.Json, f.Sheet} {
		if err := files.MakeWritable(filepath.Dir(path)); err != nil { // better now than after the work
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	m := &measurement{flags: f, pipeline: p}
	r, err := m.all(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Print(r.table()); err != nil {
		return err
	}
	if f.Json != "" {
		data, err := r.json()
		if err != nil {
			return err
		}
		if err := files.Write(f.Json, data); err != nil {
			return err
		}
	}
	if !r.passed() {
		return errFailed
	}
	return nil
}

// embedded is the demo model, where the program was built with it.
var embedded fs.FS

// open opens the model, and tells where it lies.
func (f *flags) open(ctx context.Context, variant ...diffusion.OpenOption) (*diffusion.Pipeline, tensor.Dir, error) {
	switch {
	case f.Model != "":
		p, err := diffusion.Open(ctx, f.Model, variant...)
		return p, tensor.OnDisk(f.Model), err
	case embedded != nil:
		p, err := diffusion.OpenFS(ctx, embedded)
		return p, tensor.InFS(embedded), err
	}
	return nil, tensor.Dir{}, errors.New("--model MODEL is missing: this program was built without the demo model")
}

// complete fills in what was not given from the model directory.
func (f *flags) complete(p *diffusion.Pipeline, dir tensor.Dir) error {
	d, err := anomalyany.ReadDefaults(dir)
	if err != nil {
		return err
	}
	if f.Size = cmp.Or(f.Size, d.Size); f.Size == 0 {
		return fmt.Errorf("--size is missing: the model has no %s that says how large its pictures are", anomalyany.DefaultsFile)
	}
	if err := p.CheckSize(f.Size, f.Size); err != nil {
		return fmt.Errorf("--size: %w", err)
	}
	f.Map = cmp.Or(f.Map, f.Size/p.Factor()/cmp.Or(d.Options.MapFactor, 4))
	f.Steps, f.Guidance = cmp.Or(f.Steps, d.Options.Steps), cmp.Or(f.Guidance, d.Options.Guidance)
	return nil
}

// measurement is a model and the drawings that it is measured on.
type measurement struct {
	flags    flags
	pipeline *diffusion.Pipeline
	seen     []drawn
	unseen   []drawn
}

// all measures everything.
func (m *measurement) all(ctx context.Context) (*report, error) {
	seen, err1 := trial.Spread(world.SeenPairs, m.flags.Count, m.flags.Seed)
	unseen, err2 := trial.Spread(world.UnseenPairs, m.flags.Count, m.flags.Seed+uint64(m.flags.Count))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	all, err := draw(ctx, append(seen, unseen...), m.flags.Size)
	if err != nil {
		return nil, err
	}
	m.seen, m.unseen = all[:len(seen)], all[len(seen):]
	r := &report{Drawings: m.flags.Count, Seed: m.flags.Seed}
	for _, measure := range []func(context.Context, *report) error{m.reconstruct, m.name, m.attend, m.sample} {
		if err := measure(ctx, r); err != nil {
			return nil, err
		}
	}
	return r, nil
}
