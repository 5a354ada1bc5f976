package diffusion

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
)

// FileConfig is how the models of a single file are built. Their sizes are those of
// the file's tensors. What tensors do not show is as in Stable Diffusion 1.5: 8 heads
// in the UNet and hidden_size/64 in the text encoder, 32 groups in every norm,
// activations and epsilons, the latent's scaling_factor, and all of the scheduler.
// What the UNet predicts, eps or v, may be said by the parameterization in a
// configuration of the original code, NAME.yaml beside NAME.safetensors.
type FileConfig struct {
	UNet      unet.Config
	VAE       vae.Config
	Text      clip.TextConfig
	Scheduler SchedulerConfig
}

// WithFileConfig lets change correct what is assumed of a single file (default:
// nothing is changed), such as the number of heads (UNet.AttentionHeadDim) or the
// scaling of latents (VAE.ScalingFactor). It has no effect on directories, whose
// config.json files say it all.
func WithFileConfig(change func(c *FileConfig)) OpenOption {
	return func(o *openOptions) { o.fileConfig = change }
}

// WithEMA loads the moving averages of the UNet's weights (model_ema.…) from a single
// file that holds both them and the weights (default: the weights). Averages that
// are there alone are loaded in any case.
func WithEMA() OpenOption { return func(o *openOptions) { o.ema = true } }

// WithUnused opens a model even if its files hold tensors that belong to no part of
// it (default: they are an error, for the model may be of another kind than it
// seems).
func WithUnused() OpenOption { return func(o *openOptions) { o.allowUnused = true } }

// The parts of a single file.
const (
	unetPrefix = "model.diffusion_model."
	emaPrefix  = "model_ema.diffusion_model"
	vaePrefix  = "first_stage_model."
	textStage  = "cond_stage_model."
	textPrefix = textStage + "transformer."
)

// openFile opens a checkpoint that is one file. Its error says what is wrong
// with any part.
func (p *Pipeline) openFile(o openOptions) error {
	f, err := tensor.Open(p.Dir)
	if err != nil {
		return err
	}
	p.files = append(p.files, f)
	c, err := newCheckpoint(f, o.ema)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Dir, err)
	}
	config := c.config()
	switch said, err := predictionBeside(p.Dir, &p.texts); {
	case err != nil && o.predictionType == "":
		return err
	case said != "":
		config.Scheduler.PredictionType = said
	}
	if o.fileConfig != nil {
		o.fileConfig(&config)
	}
	if err := config.validate(); err != nil {
		return badFile("%s: the file's tensors, where they show it, and Stable Diffusion 1.x give %w (WithFileConfig sets what tensors do not show)", p.Dir, err)
	}
	if err := p.build(config); err != nil {
		return fmt.Errorf("%s: %w", p.Dir, err)
	}
	p.Scheduler = config.Scheduler
	o.correct(&p.Scheduler)
	beside := tensor.OnDisk(p.Dir) // nothing lies in a file: they come from the options
	return errors.Join(c.load(p, o), p.openTokenizer(beside, o), p.openCLIP(beside, o))
}

// build makes the models of a configuration, without weights.
func (p *Pipeline) build(c FileConfig) (err error) {
	if p.UNet, err = unet.New(c.UNet); err != nil {
		return err
	}
	if p.VAE, err = vae.New(c.VAE); err != nil {
		return err
	}
	p.Text, err = clip.NewText(c.Text)
	return err
}

// validate returns an error if the models cannot be built.
func (c FileConfig) validate() error {
	for _, part := range []struct {
		name     string
		validate func() error
	}{{"a unet", c.UNet.Validate}, {"a vae", c.VAE.Validate}, {"a text encoder", c.Text.Validate}} {
		if err := part.validate(); err != nil {
			return fmt.Errorf("%s that cannot be built: %w", part.name, err)
		}
	}
	return nil
}

// checkpoint is a single file with the names of the original code, CompVis's
// stable-diffusion: the UNet, the autoencoder and the text encoder side by side.
type checkpoint struct {
	file            *tensor.File
	unet, vae, text view // by names without their prefixes
	ema             bool // the UNet is the moving average
}

// newCheckpoint sorts out a file's tensors. It refuses what is not a whole
// Stable Diffusion 1.x.
func newCheckpoint(f *tensor.File, ema bool) (*checkpoint, error) {
	all := newView(f)
	if err := checkNames(all); err != nil {
		return nil, err
	}
	c := &checkpoint{file: f, unet: all.under(unetPrefix), vae: all.under(vaePrefix), text: all.under(textPrefix + "text_model.")}
	if c.ema = all.has(emaPrefix) && (ema || !all.has(unetPrefix)); c.ema {
		c.unet.nameOf = averageOf
	}
	if !all.has(textPrefix + "text_model.") { // as some tools write it
		c.text = all.under(textPrefix)
	}
	return c, nil
}

// averageOf is what the original code calls the moving average of a UNet's
// weight: a buffer's name may not have dots.
func averageOf(name string) string { return emaPrefix + strings.ReplaceAll(name, ".", "") }

// load gives the pipeline's models their weights, as they lie in the file. What
// belongs to no part is listed with what is wrong with the UNet.
func (c *checkpoint) load(p *Pipeline, o openOptions) error {
	var ofUNet, ofVAE, ofText []string
	for _, name := range c.file.Names() {
		switch {
		case strings.HasPrefix(name, vaePrefix):
			ofVAE = append(ofVAE, name)
		case strings.HasPrefix(name, textStage):
			ofText = append(ofText, name)
		default:
			ofUNet = append(ofUNet, name)
		}
	}
	load := func(model any, names []string, nameOf func(weight string) string, ignored []string) error {
		opts := append(o.loadOptions(), nn.WithNames(nameOf), nn.WithIgnore(ignored...))
		return nn.Load(o.ctx, model, share{c.file, names}, opts...)
	}
	unetName, vaeName := unetNames(p.UNet.Config), vaeNames(p.VAE.Config)
	return errors.Join(
		load(p.UNet, ofUNet, func(weight string) string { return c.unet.nameOf(unetName(weight)) }, c.ignoredBesideUNet()),
		load(p.VAE, ofVAE, func(weight string) string { return c.vae.nameOf(vaeName(weight)) }, ignoredInVAE),
		load(p.Text, ofText, c.text.nameOf, ignoredInText),
	)
}

// share is the tensors of a file that belong to one model.
type share struct {
	*tensor.File
	names []string
}

// Names lists the share's.
func (s share) Names() []string { return s.names }
