package diffusion

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
)

// Pipeline is a model that is open: the parts of Stable Diffusion 1.x and the
// programs that run them. Its methods may be called by several goroutines, and take
// turns, since their activations share one memory. It must be closed.
type Pipeline struct {
	UNet      *unet.Model
	VAE       *vae.Model
	Text      *clip.Text
	Tokenizer *clip.Tokenizer
	Scheduler SchedulerConfig
	CLIP      *CLIP  // nil where there is none
	TAESD     *TAESD // that of WithTAESD; nil without it

	// Dir is the path of the model's directory, or of its single file; CLIPDir is
	// that of CLIP's. In an fs.FS they begin at its root, ".". They are empty for
	// random weights, and CLIPDir where there is no CLIP.
	Dir, CLIPDir string

	arena     *nn.Arena
	precision kernels.Precision
	log       *slog.Logger

	life   sync.RWMutex // held by compilations, and by Close to write
	closed bool
	files  []weightFiles

	plain      *clip.Tokenizer // without words of embeddings
	embeddings []*Embedding

	texts tensor.Texts // that the model's directories have

	graphs graphs
}

// OpenOption changes how a model is opened.
type OpenOption func(*openOptions)

type openOptions struct {
	ctx          context.Context // of Open
	log          *slog.Logger
	clipDir      string
	noCLIP       bool
	tokenizerDir string
	taesd        string
	device       kernels.Device
	precision    kernels.Precision

	predictionType string
	allowUnused    bool
	variant        string
	embeddings     []*Embedding

	// of single files
	fileConfig func(c *FileConfig)
	ema        bool
}

// WithLogger makes the pipeline log to l (default: it logs nothing): at level Info
// that the model is open, at Debug each graph that is compiled with the memory that
// it takes, at Warn a prompt that is cut.
func WithLogger(l *slog.Logger) OpenOption { return func(o *openOptions) { o.log = l } }

// WithCLIPDir opens the CLIP model in dir, a directory on the disk (default: the
// model directory's clip/, if there is one).
func WithCLIPDir(dir string) OpenOption { return func(o *openOptions) { o.clipDir = dir } }

// WithoutCLIP leaves CLIP out, even if there is one (default: it is opened).
func WithoutCLIP() OpenOption { return func(o *openOptions) { o.noCLIP = true } }

// WithTokenizerDir opens the tokenizer in dir, a directory on the disk (default: the
// model directory's tokenizer/, or CLIP's own where there is none, as for a single
// file).
func WithTokenizerDir(dir string) OpenOption {
	return func(o *openOptions) { o.tokenizerDir = dir }
}

// WithPredictionType sets what the UNet predicts, "epsilon" or "v_prediction",
// whatever the model's files and WithFileConfig say (default, also for "": what a
// directory's scheduler_config.json says; for a single file see FileConfig).
func WithPredictionType(name string) OpenOption {
	return func(o *openOptions) { o.predictionType = name }
}

// WithVariant opens, of a directory that has weights in several variants, those of the
// one that is named: "fp16", "bf16", or "none" for those without a variant, in float32
// mostly (default, also for "": those without, else fp16, else bf16). A part that has
// none of it is opened in another.
func WithVariant(name string) OpenOption { return func(o *openOptions) { o.variant = name } }

// variants are the names that WithVariant takes.
var variants = []string{"", "none", "fp16", "bf16"}

// WithDevice runs all programs of the pipeline on device d, which nobody else may
// use while the pipeline is open (default: on the host's processor). Weights are
// copied to the device when they are first used, in their files' precision. A graph
// that does not fit there is ErrMemory. Close frees the memory on the device and
// leaves d open.
func WithDevice(d kernels.Device) OpenOption { return func(o *openOptions) { o.device = d } }

// WithPrecision makes all programs of the pipeline multiply numbers of precision p
// (default: kernels.Float32). The processor, or the device of WithDevice, must be
// able to; if it is not, opening the model is an error. Sums and what lies between
// the layers stay float32, and weights are in memory as in their files.
func WithPrecision(p kernels.Precision) OpenOption { return func(o *openOptions) { o.precision = p } }

// clipIn is where CLIP is for a model directory, if it is anywhere.
func (o openOptions) clipIn(dir tensor.Dir) (_ tensor.Dir, found bool) {
	switch {
	case o.noCLIP:
		return tensor.Dir{}, false
	case o.clipDir != "":
		return tensor.OnDisk(o.clipDir).Prefer(o.variant), true
	}
	return dir.Sub("clip"), dir.Exists("clip")
}

// Open opens a model of Stable Diffusion 1.x: a directory as diffusers writes it
// (Layout), or a single .safetensors file with the names of the original code, for
// which FileConfig says what is assumed. CLIP is opened where there is one, for a
// single file by WithCLIPDir.
//
// Weights are mapped, not copied, and take memory as they are used; each number is
// read once, since it must be finite. The error is ctx's when ctx ends. Otherwise it
// lists all that is missing or wrong with any part, and is fs.ErrNotExist,
// ErrDamaged or ErrNotStableDiffusion1, or several of them.
func Open(ctx context.Context, path string, opts ...OpenOption) (*Pipeline, error) {
	single, err := checkPath(path)
	if err != nil {
		return nil, err
	}
	if single {
		return open(ctx, path, opts, (*Pipeline).openFile)
	}
	return openDir(ctx, tensor.OnDisk(path), opts)
}

// OpenFS opens the directory of Stable Diffusion 1.x that is the root of fsys, such
// as a part of an embed.FS, as Open does one on the disk. Its weights are read into
// memory and stay there until Close.
func OpenFS(ctx context.Context, fsys fs.FS, opts ...OpenOption) (*Pipeline, error) {
	return openDir(ctx, tensor.InFS(fsys), opts)
}

func openDir(ctx context.Context, dir tensor.Dir, opts []OpenOption) (*Pipeline, error) {
	if err := checkDirectory(dir); err != nil {
		return nil, err
	}
	return open(ctx, dir.String(), opts, func(p *Pipeline, o openOptions) error { return p.openParts(dir.Prefer(o.variant).Noting(&p.texts), o) })
}

// open makes a pipeline whose parts are opened by parts.
func open(ctx context.Context, path string, opts []OpenOption, parts func(p *Pipeline, o openOptions) error) (p *Pipeline, err error) {
	o, started := optionsOf(opts), time.Now()
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.ctx = ctx; ctx == nil {
		return nil, badArgument("the context is nil")
	}
	p = newPipeline(o)
	p.Dir = path
	defer func() {
		if err != nil {
			p.Close()
			p = nil
		}
	}()
	if err = parts(p, o); err != nil {
		if stopped := o.ctx.Err(); stopped != nil {
			err = stopped
		}
		return p, err
	}
	if err = p.checkParts(); err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	if err = p.openTAESD(o); err != nil {
		return p, err
	}
	if err = p.addEmbeddings(o.embeddings); err != nil {
		return p, err
	}
	p.log.Info("model opened", "path", path, "CLIP", p.CLIPDir, "files", len(p.Files()), "took", time.Since(started))
	return p, nil
}

func optionsOf(opts []OpenOption) openOptions {
	o := openOptions{log: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		if opt != nil {
			opt(&o)
		}
	}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o openOptions) validate() error {
	if t := o.predictionType; t != "" && !slices.Contains(predictions, t) {
		return badArgument("a prediction type of %.60q, want one of %s", t, strings.Join(predictions, ", "))
	}
	if !slices.Contains(variants, o.variant) {
		return badArgument("weights of variant %.60q, want fp16, bf16 or none", o.variant)
	}
	functions := kernels.CPU
	if o.device != nil {
		functions = o.device.Functions
	}
	if _, err := functions(o.precision); err != nil {
		return badArgument("%w", err)
	}
	return nil
}

// correct lets the options win over what a model's files say.
func (o openOptions) correct(c *SchedulerConfig) {
	if o.predictionType != "" {
		c.PredictionType = o.predictionType
	}
}

// loadOptions are those of every part's weights.
func (o openOptions) loadOptions() []nn.LoadOption {
	if o.allowUnused {
		return []nn.LoadOption{nn.WithUnused()}
	}
	return nil
}

// openParts opens everything in a directory. Its error says what is wrong with
// any of it.
func (p *Pipeline) openParts(dir tensor.Dir, o openOptions) error {
	var scheduler, unet, vae, text, tokenizer error
	p.Scheduler, scheduler = loadSchedulerConfig(dir.Sub("scheduler"), o)
	p.UNet, unet = opened(p, o, dir.Sub("unet"), OpenUNet)
	p.VAE, vae = opened(p, o, dir.Sub("vae"), OpenVAE)
	p.Text, text = opened(p, o, dir.Sub("text_encoder"), OpenText)
	if text == nil {
		tokenizer = p.openTokenizer(dir, o)
	}
	return errors.Join(scheduler, unet, vae, text, tokenizer, p.openCLIP(dir, o))
}

// openTokenizer opens a model directory's tokenizer, if there is one, for the
// text encoder, which is open.
func (p *Pipeline) openTokenizer(dir tensor.Dir, o openOptions) (err error) {
	from, found := dir.Sub("tokenizer"), dir.Exists("tokenizer")
	if o.tokenizerDir != "" {
		from, found = tensor.OnDisk(o.tokenizerDir).Noting(&p.texts), true
	}
	if found {
		p.Tokenizer, err = clip.OpenTokenizer(from, p.Text.Config.MaxPositions)
	}
	return err
}

// openCLIP opens a model directory's CLIP, if there is one.
func (p *Pipeline) openCLIP(dir tensor.Dir, o openOptions) (err error) {
	from, found := o.clipIn(dir)
	if !found {
		return nil
	}
	p.CLIPDir, from = from.String(), from.Noting(&p.texts)
	if !isPart(from) {
		if where := elsewhere(from, isPart); where != "" {
			return fmt.Errorf("%s has no %s%s%.0w", from, nn.ConfigFile, where, fs.ErrNotExist)
		}
	}
	p.CLIP, err = opened(p, o, from, func(ctx context.Context, dir tensor.Dir, opts ...nn.LoadOption) (*CLIP, *tensor.Set, error) {
		return OpenCLIP(ctx, dir, p.Tokenizer, opts...)
	})
	return err
}

// opened opens a part whose files the pipeline is to close.
func opened[M any](p *Pipeline, o openOptions, dir tensor.Dir, open func(ctx context.Context, dir tensor.Dir, opts ...nn.LoadOption) (M, *tensor.Set, error)) (M, error) {
	m, set, err := open(o.ctx, dir, o.loadOptions()...)
	if err == nil {
		p.files = append(p.files, set)
	}
	return m, err
}

// Random returns a Pipeline with the exact shapes of Stable Diffusion 1.5 and CLIP
// ViT-L/14 and random f16 weights, to measure time and memory with. Of the options
// WithLogger, WithDevice, WithPrecision, WithPredictionType, WithEmbeddings,
// WithTAESD and WithoutCLIP count.
func Random(seed uint64, opts ...OpenOption) (*Pipeline, error) {
	o := optionsOf(opts)
	if err := o.validate(); err != nil {
		return nil, err
	}
	p := newPipeline(o)
	if err := p.build(FileConfig{UNet: unet.StableDiffusion15(), VAE: vae.StableDiffusion15(), Text: clip.ViTL14Text()}); err != nil {
		return nil, err
	}
	parts := []any{p.UNet, p.VAE, p.Text}
	if !o.noCLIP {
		model, err := clip.New(clip.ViTL14())
		if err != nil {
			return nil, err
		}
		colours := clip.DefaultColours()
		p.CLIP = &CLIP{Model: model, Tokenizer: p.Tokenizer, Mean: colours.Mean, Std: colours.Std}
		parts = append(parts, p.CLIP.Model)
	}
	p.Scheduler = stableDiffusion15Scheduler()
	o.correct(&p.Scheduler)
	for i, part := range parts {
		if err := nn.Randomize(part, seed+uint64(i), tensor.Float16); err != nil {
			return nil, err
		}
	}
	if err := p.addEmbeddings(o.embeddings); err != nil {
		return nil, err
	}
	o.ctx = context.Background()
	if err := p.openTAESD(o); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// stableDiffusion15Scheduler is how Stable Diffusion 1.5 was trained and is
// sampled.
func stableDiffusion15Scheduler() SchedulerConfig {
	no := false
	return SchedulerConfig{
		Class: "PNDMScheduler", BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear",
		NumTrainTimesteps: 1000, StepsOffset: 1, SkipPRKSteps: true, SetAlphaToOne: &no, ClipSample: &no,
	}.withDefaults("")
}

func newPipeline(o openOptions) *Pipeline {
	arena := nn.NewArena()
	if o.device != nil {
		arena = nn.NewArenaOn(o.device)
	}
	p := &Pipeline{Tokenizer: clip.DefaultTokenizer(), log: o.log, arena: arena, precision: o.precision}
	p.graphs = p.newGraphs()
	return p
}

// Close unmaps the weights and frees the memory for activations. What is running
// ends with ErrClosed after the operation under way, for which Close waits; later
// calls, of the pipeline's Denoisers too, return ErrClosed. The models (UNet, VAE
// and so on) must not be read afterwards. Closing twice is harmless.
func (p *Pipeline) Close() error {
	p.arena.Close()
	p.life.Lock()
	defer p.life.Unlock()
	p.closed = true
	var errs []error
	for _, f := range p.files {
		errs = append(errs, f.Close())
	}
	p.files = nil
	errs = append(errs, p.TAESD.Close())
	return errors.Join(errs...)
}

// Factor returns how many times smaller a latent is than its picture, in each
// direction: 8 for Stable Diffusion 1.5.
func (p *Pipeline) Factor() int { return p.VAE.Config.Factor() }

// Multiple returns what the height and width of a picture must be multiples of, in
// pixels: 64 for Stable Diffusion 1.5.
func (p *Pipeline) Multiple() int { return p.VAE.Config.Factor() * p.UNet.Config.Factor() }
