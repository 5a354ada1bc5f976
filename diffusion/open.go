package diffusion

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
	gt "gorgonia.org/tensor"
)

// Pipeline is a model directory, opened: the parts of Stable Diffusion 1.x and
// the programs that run them. Its methods may be called by several goroutines;
// they take turns, since they share one arena.
type Pipeline struct {
	UNet      *unet.Model
	VAE       *vae.Model
	Text      *clip.Text
	Tokenizer *clip.Tokenizer
	Scheduler SchedulerConfig
	CLIP      *CLIP // nil where there is none

	// Dir and CLIPDir are where the parts came from; empty for random weights.
	Dir, CLIPDir string

	arena *nn.Arena
	sets  []*tensor.Set

	mu       sync.Mutex // guards programs
	programs map[string]*nn.Program
}

// Layout says what a model directory holds, for messages to people.
const Layout = `a model directory, as diffusers writes it, holds
  unet/          config.json and diffusion_pytorch_model.safetensors
  vae/           config.json and diffusion_pytorch_model.safetensors
  text_encoder/  config.json and model.safetensors
  tokenizer/     vocab.json and merges.txt (without it, CLIP's own is used)
  scheduler/     scheduler_config.json
  clip/          CLIP ViT-L/14 as transformers writes it, for the refinement:
                 config.json and model.safetensors (may lie elsewhere)
Weights may be f32, f16 or bf16, in one file, a .fp16. variant or shards.`

// OpenOption changes how a model directory is opened.
type OpenOption func(*openOptions)

type openOptions struct {
	clipDir string
	noCLIP  bool
}

// WithCLIPDir takes the CLIP model from dir instead of the directory's clip/.
func WithCLIPDir(dir string) OpenOption { return func(o *openOptions) { o.clipDir = dir } }

// WithoutCLIP leaves CLIP out, even if it is there.
func WithoutCLIP() OpenOption { return func(o *openOptions) { o.noCLIP = true } }

// Open opens a diffusers directory of Stable Diffusion 1.x. The weights are
// mapped, not read: a model is open in a moment, apart from the check that all
// of them are finite numbers, and takes memory as it is used. CLIP is opened
// where there is one; ErrNoCLIP tells how to get it.
//
// The error says what is missing or wrong, all of a part's tensors at once.
func Open(dir string, opts ...OpenOption) (p *Pipeline, err error) {
	var o openOptions
	for _, opt := range opts {
		opt(&o)
	}
	if err := checkDirectory(dir); err != nil {
		return nil, err
	}
	p = newPipeline()
	p.Dir = dir
	defer func() {
		if err != nil {
			p.Close()
			p = nil
		}
	}()
	if p.Scheduler, err = LoadSchedulerConfig(filepath.Join(dir, "scheduler", "scheduler_config.json")); err != nil {
		return p, err
	}
	if err = p.openParts(dir); err != nil {
		return p, err
	}
	if err = p.checkParts(); err != nil {
		return p, fmt.Errorf("%s: %w", dir, err)
	}
	return p, p.openCLIP(o)
}

// Random is a Pipeline of the exact shapes of Stable Diffusion 1.5 and CLIP
// ViT-L/14 with random f16 weights, for measuring time and memory.
func Random(seed uint64) (*Pipeline, error) {
	p := newPipeline()
	p.UNet, p.VAE = unet.New(unet.StableDiffusion15()), vae.New(vae.StableDiffusion15())
	p.Text, p.Tokenizer = clip.NewText(clip.ViTL14Text()), clip.DefaultTokenizer()
	mean, std, err := colourStatistics("")
	if err != nil {
		return nil, err
	}
	p.CLIP = &CLIP{Model: clip.New(clip.ViTL14()), Tokenizer: p.Tokenizer, Mean: mean, Std: std}
	no := false
	p.Scheduler = SchedulerConfig{
		Class: "PNDMScheduler", BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear",
		NumTrainTimesteps: 1000, StepsOffset: 1, SkipPRKSteps: true, SetAlphaToOne: &no, ClipSample: &no,
	}
	for i, part := range []any{p.UNet, p.VAE, p.Text, p.CLIP.Model} {
		if err := nn.Randomize(part, seed+uint64(i), tensor.Float16); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func newPipeline() *Pipeline {
	return &Pipeline{arena: nn.NewArena(), programs: map[string]*nn.Program{}}
}

// Close unmaps the weights. The Pipeline and its programs must not be used
// afterwards.
func (p *Pipeline) Close() error {
	var errs []error
	for _, s := range p.sets {
		errs = append(errs, s.Close())
	}
	p.sets = nil
	return errors.Join(errs...)
}

// Files lists the files that the weights came from.
func (p *Pipeline) Files() []string {
	var paths []string
	for _, s := range p.sets {
		paths = append(paths, s.Paths()...)
	}
	return paths
}

// Factor is by how much a latent is smaller than its picture.
func (p *Pipeline) Factor() int { return p.VAE.Config.Factor() }

// Multiple is what the height and width of a picture must be multiples of.
func (p *Pipeline) Multiple() int { return p.VAE.Config.Factor() * p.UNet.Config.Factor() }

// CheckSize tells whether pictures of height×width can be made, and if not, why.
func (p *Pipeline) CheckSize(height, width int) error {
	if m := p.Multiple(); height < m || width < m || height%m != 0 || width%m != 0 {
		return fmt.Errorf("a picture of %d×%d: height and width must be multiples of %d", height, width, m)
	}
	return nil
}

// ErrNoCLIP is returned by what needs CLIP where there is none.
var ErrNoCLIP = errors.New("there is no CLIP model: published Stable Diffusion 1.5 directories have none; " +
	"get openai/clip-vit-large-patch14 (config.json and model.safetensors) as the directory's clip/, or say where it is")

// checkDirectory refuses what is not a Stable Diffusion 1.x directory.
func checkDirectory(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("model directory: %w\n%s", err, Layout)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is a file, want a directory\n%s", dir, Layout)
	}
	data, err := os.ReadFile(filepath.Join(dir, "model_index.json"))
	if err == nil {
		var index struct {
			Class string `json:"_class_name"`
		}
		if err := json.Unmarshal(data, &index); err != nil {
			return fmt.Errorf("%s: %w", filepath.Join(dir, "model_index.json"), err)
		}
		if index.Class != "" && !strings.HasPrefix(index.Class, "StableDiffusionPipeline") {
			return fmt.Errorf("%s: _class_name is %q, want StableDiffusionPipeline: only Stable Diffusion 1.x is supported", filepath.Join(dir, "model_index.json"), index.Class)
		}
	}
	var missing []string
	for _, part := range []string{"unet", "vae", "text_encoder", "scheduler"} {
		if !exists(filepath.Join(dir, part)) {
			missing = append(missing, part+"/")
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s has no %s\n%s", dir, strings.Join(missing, ", no "), Layout)
	}
	return nil
}

func (p *Pipeline) openParts(dir string) error {
	var set *tensor.Set
	var err error
	if p.UNet, set, err = OpenUNet(filepath.Join(dir, "unet")); err != nil {
		return err
	}
	p.sets = append(p.sets, set)
	if p.VAE, set, err = OpenVAE(filepath.Join(dir, "vae")); err != nil {
		return err
	}
	p.sets = append(p.sets, set)
	if p.Text, set, err = OpenText(filepath.Join(dir, "text_encoder")); err != nil {
		return err
	}
	p.sets = append(p.sets, set)
	p.Tokenizer = clip.DefaultTokenizer()
	if t := filepath.Join(dir, "tokenizer"); exists(t) {
		p.Tokenizer, err = clip.OpenTokenizer(t, p.Text.Config.MaxPositions)
	}
	return err
}

// checkParts tells whether the parts of a directory belong together.
func (p *Pipeline) checkParts() error {
	u, v, t := p.UNet.Config, p.VAE.Config, p.Text.Config
	switch {
	case u.InChannels != v.LatentChannels || u.OutChannels != v.LatentChannels:
		return fmt.Errorf("the unet takes %d channels and gives %d, the vae's latent has %d: inpainting and depth models are not supported", u.InChannels, u.OutChannels, v.LatentChannels)
	case v.InChannels != 3 || v.OutChannels != 3:
		return fmt.Errorf("the vae takes pictures of %d channels and gives %d, want 3", v.InChannels, v.OutChannels)
	case u.CrossAttentionDim != t.HiddenSize:
		return fmt.Errorf("the unet's cross_attention_dim is %d, the text encoder's hidden_size %d", u.CrossAttentionDim, t.HiddenSize)
	case p.Tokenizer.Size() > t.VocabSize:
		return fmt.Errorf("the tokenizer has %d tokens, the text encoder %d", p.Tokenizer.Size(), t.VocabSize)
	}
	return nil
}

func (p *Pipeline) openCLIP(o openOptions) error {
	dir := o.clipDir
	if dir == "" {
		dir = filepath.Join(p.Dir, "clip")
		if !exists(dir) {
			return nil
		}
	}
	if o.noCLIP {
		return nil
	}
	c, set, err := OpenCLIP(dir, p.Tokenizer)
	if err != nil {
		return err
	}
	p.CLIP, p.CLIPDir = c, dir
	p.sets = append(p.sets, set)
	return nil
}

// program returns the program called name, compiling it the first time.
func (p *Pipeline) program(name string, build func(b *nn.Build) []*node) (*nn.Program, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if prog := p.programs[name]; prog != nil {
		return prog, nil
	}
	prog, err := nn.Compile(build, nn.WithArena(p.arena))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p.programs[name] = prog
	return prog, nil
}

// scalarBatch is v as an input [1].
func scalarBatch(v float64) *gt.Dense { return tensor.FromFloat32s([]float32{float32(v)}, 1) }

// Arena is the memory that the pipeline's programs take turns in. A program
// that runs between them, such as a loss on the decoded picture, should use it
// too (nn.WithArena).
func (p *Pipeline) Arena() *nn.Arena { return p.arena }
