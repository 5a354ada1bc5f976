package main

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"io"
	"os"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// job is the pictures of one command line, and what they share.
type job struct {
	flags         flags
	pipeline      *diffusion.Pipeline
	width, height int
	config        diffusion.SchedulerConfig
	folder        *files.Folder  // where the pictures go
	id            files.Identity // of all pictures
	preview       *show.Preview  // nil for none

	picture *image.RGBA // to start from, at the size that is worked at; nil for none
	mask    []float32   // height·width, 1 where it is made anew; nil for none

	step     *diffusion.Denoiser
	guidance diffusion.Guidance
	start    diffusion.Latent // the picture, encoded
	kept     []float32        // the mask at the latent's size; nil for none
}

// newJob checks everything that can be checked before the long work.
func newJob(ctx context.Context, f flags, p *diffusion.Pipeline) (*job, error) {
	j := &job{flags: f, pipeline: p, config: p.Scheduler}
	j.config.KarrasSigmas = j.config.KarrasSigmas || f.Karras
	j.config.TimestepSpacing = cmp.Or(f.Spacing, j.config.TimestepSpacing)
	schedule, err := j.scheduler(tensor.NewRand(0))
	if err != nil {
		return nil, fmt.Errorf("--scheduler %s --steps %d: %w", f.Scheduler, f.Steps, err)
	}
	if err := f.Preview.Check(p); err != nil {
		return nil, err
	}
	f.WarnOfXL(os.Stderr, p)
	f.warnOfFewSteps(os.Stderr)
	j.warnOfUnasked(os.Stderr, schedule.Timesteps()[0])
	if err := j.readPictures(ctx); err != nil {
		return nil, err
	}
	cli.WarnOfCuts(os.Stderr, p.Tokenizer, "prompt", f.Prompt)
	cli.WarnOfCuts(os.Stderr, p.Tokenizer, "negative prompt", f.Negative)
	return j, nil
}

// readPictures settles the size, by the picture to start from if there is one.
func (j *job) readPictures(ctx context.Context) error {
	f, p := j.flags, j.pipeline
	j.width, j.height = f.size()
	if f.Image == "" {
		if err := images.CheckSize(j.width, j.height); err != nil {
			return err
		}
		if err := p.CheckSize(j.height, j.width); err != nil {
			return fmt.Errorf("--width %d and --height %d: %w", j.width, j.height, err)
		}
		return nil
	}
	picture, err := images.Read(ctx, f.Image)
	if err != nil {
		return err
	}
	fit, err := images.FitTo(picture.Bounds().Size(), f.Size, p.Multiple())
	if err != nil {
		return err
	}
	if j.picture, err = fit.Picture(picture); err != nil {
		return err
	}
	j.width, j.height = fit.Size().X, fit.Size().Y
	fmt.Fprintf(os.Stderr, "picture: %s\n", fit)
	if f.Mask == "" {
		return nil
	}
	return j.readMask(ctx, fit)
}

func (j *job) readMask(ctx context.Context, fit images.Fit) error {
	f := j.flags
	mask, err := images.ReadMask(ctx, f.Mask)
	if err != nil {
		return err
	}
	if got := mask.Bounds().Size(); got != fit.From {
		return fmt.Errorf("%s is %d×%d pixels and %s is %d×%d: the mask must have the picture's size", f.Mask, got.X, got.Y, f.Image, fit.From.X, fit.From.Y)
	}
	if mask, err = fit.Nearest(mask); err != nil {
		return err
	}
	j.mask = images.Binary(mask)
	factor := j.pipeline.Factor()
	if j.kept, err = images.ShrinkMask(j.mask, j.height, j.width, j.height/factor, j.width/factor); err != nil {
		return err
	}
	for _, white := range j.kept {
		if white > 0 {
			return nil
		}
	}
	return fmt.Errorf("nothing of %s is left at the size of the latent: white must cover at least half of one of its cells, which are %d×%d pixels",
		f.Mask, factor, factor)
}

// scheduler is the flags' for one picture, whose fresh noise g draws.
func (j *job) scheduler(g generator) (diffusion.Scheduler, error) {
	opts := []diffusion.SchedulerOption{diffusion.WithNoise(g.Randn)}
	if j.flags.Eta != nil {
		opts = append(opts, diffusion.WithEta(*j.flags.Eta))
	}
	return diffusion.NewScheduler(j.flags.Scheduler, j.config, j.flags.Steps, opts...)
}

// run makes every picture.
func (j *job) run(ctx context.Context) error {
	if err := j.check(ctx); err != nil {
		return err
	}
	if err := j.prepare(ctx); err != nil {
		return err
	}
	s, err := j.scheduler(tensor.NewRand(0))
	if err != nil {
		return err
	}
	count := len(s.Timesteps()) - j.firstStep(len(s.Timesteps()))
	fmt.Fprintf(os.Stderr, "%d×%d, %s, %d of %d steps run; %s\n",
		j.width, j.height, j.samplerName(), count, len(s.Timesteps()), &j.flags.Compute)
	report := j.newProgress(ctx, os.Stderr, count)
	defer report.End()
	for i := range j.flags.N {
		seed := j.flags.Seed + uint64(i)
		report.Say(fmt.Sprintf("picture %d of %d, seed %d", i+1, j.flags.N, seed))
		report.Begin(fmt.Sprintf("seed %d, ", seed), "step %d of %d: ", count)
		if err := j.makeOne(ctx, seed, report); err != nil {
			return fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	return nil
}

// newProgress reports on pictures of so many steps: the work is steps, and as many
// as decoding takes.
func (j *job) newProgress(ctx context.Context, out io.Writer, steps int) *show.Progress {
	return show.NewProgress(ctx, out, float64(j.flags.N)*(float64(steps)+j.decodeInSteps()))
}

// decodeInSteps is how many steps decoding a picture costs, by Stable Diffusion
// 1.5's operations at 512×512: 1.2·10¹² multiplications in the decoder, 0.34·10¹²
// in the UNet, which runs twice with guidance.
func (j *job) decodeInSteps() float64 {
	if j.flags.guided() {
		return 1.8
	}
	return 3.6
}

// prepare encodes prompts and picture.
func (j *job) prepare(ctx context.Context) (err error) {
	p, f := j.pipeline, j.flags
	j.guidance.Scale = float32(f.Guidance)
	if j.guidance.Prompt, err = p.Encode(ctx, f.Prompt); err != nil {
		return err
	}
	if f.guided() {
		if j.guidance.Negative, err = p.Encode(ctx, f.Negative); err != nil {
			return err
		}
	}
	if j.picture != nil {
		if j.start, err = p.EncodeImage(ctx, images.ForModel(j.picture)); err != nil {
			return err
		}
	}
	j.step, err = p.Compile(j.height/p.Factor(), j.width/p.Factor())
	return err
}

func (j *job) makeOne(ctx context.Context, seed uint64, report *show.Progress) error {
	z, err := j.sample(ctx, seed, report)
	if err != nil {
		return err
	}
	decoded, err := j.pipeline.Decode(ctx, z)
	if err != nil {
		return err
	}
	report.Add(j.decodeInSteps())
	if err := j.pipeline.Changed(); err != nil { // the picture says which model made it
		return err
	}
	if err := j.write(seed, decoded); err != nil {
		return err
	}
	report.End()
	_, err = fmt.Println(j.folder.Path(j.name(seed)))
	return err
}

func (j *job) write(seed uint64, decoded *gt.Dense) error {
	picture, err := images.FromModel(decoded)
	if err != nil {
		return err
	}
	if j.flags.Paste {
		for i, white := range j.mask {
			if white == 0 {
				copy(picture.Pix[4*i:][:4], j.picture.Pix[4*i:])
			}
		}
	}
	return j.writeSealed(j.name(seed), picture, of(j.id, seed), images.Text{Key: "parameters", Value: j.parameters(seed)})
}

// name is the file of a seed: the prompt and the seed.
func (j *job) name(seed uint64) string {
	name := files.Name(j.flags.Prompt)
	if name == "" {
		name = "picture"
	}
	return fmt.Sprintf("%s-%04d.png", name, seed)
}
