package diffusion

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Layout says what a model directory holds, for messages of programs.
const Layout = `a model directory, as diffusers writes it, holds
  unet/          config.json and diffusion_pytorch_model.safetensors
  vae/           config.json and diffusion_pytorch_model.safetensors
  text_encoder/  config.json and model.safetensors
  tokenizer/     tokenizer.json, or vocab.json and merges.txt, and what says of
                 added tokens (without it, CLIP's own is used)
  scheduler/     scheduler_config.json
  clip/          CLIP ViT-L/14 as transformers writes it, for the refinement:
                 config.json and model.safetensors (may lie elsewhere)
Weights may be f32, f16 or bf16, in one file, a .fp16. variant or shards.
In its place may be a single .safetensors file with the names of the original
code (model.diffusion_model., first_stage_model., cond_stage_model.).`

// checkPath refuses what is neither a directory nor a file of Stable Diffusion
// 1.x by its looks, and reports whether it is a single file.
func checkPath(path string) (single bool, err error) {
	info, err := tensor.OnDisk(path).Stat("")
	switch {
	case err != nil:
		return false, fmt.Errorf("model directory: %w\n%s", err, Layout)
	case info.IsDir():
		return false, checkPart(path)
	}
	return true, checkFile(path)
}

// checkDirectory refuses what is not a Stable Diffusion 1.x directory.
func checkDirectory(dir tensor.Dir) error {
	if err := checkIndex(dir); err != nil {
		return err
	}
	for part, of := range map[string]string{"text_encoder_2": "Stable Diffusion XL", "transformer": "Stable Diffusion 3 and others"} {
		if dir.Exists(part) {
			return fmt.Errorf("%s has a %s/, as models of %s have: %w", dir, part, of, ErrNotStableDiffusion1)
		}
	}
	var missing []string
	for _, part := range []string{"unet", "vae", "text_encoder", "scheduler"} {
		if !dir.Exists(part) {
			missing = append(missing, part+"/")
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s has no %s%s\n%s%.0w", dir, strings.Join(missing, ", no "), elsewhere(dir, isModel), Layout, fs.ErrNotExist)
	}
	return nil
}

// otherFamilies are what the classes of pipelines start with whose parts are
// others than those of Stable Diffusion 1.x.
var otherFamilies = []string{"StableDiffusionXL", "StableDiffusion3", "Flux"}

// checkIndex refuses the model_index.json of another kind of model. A directory
// need not have one, and what the pipeline did with the parts does not matter:
// they say themselves what they are.
func checkIndex(dir tensor.Dir) error {
	const file = "model_index.json"
	var index struct {
		Class any `json:"_class_name"` // a text; or a list, where the pipeline is the model's own
	}
	err := nn.ReadJSON(dir, file, &index)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	class := fmt.Sprint(index.Class)
	for _, family := range otherFamilies {
		if strings.HasPrefix(class, family) {
			return fmt.Errorf("%s: _class_name is %.60q: %w", dir.Path(file), class, ErrNotStableDiffusion1)
		}
	}
	return nil
}

// checkParts returns an error if the parts of a directory do not belong together.
func (p *Pipeline) checkParts() error {
	u, v, t := p.UNet.Config, p.VAE.Config, p.Text.Config
	switch {
	case u.InChannels != v.LatentChannels || u.OutChannels != v.LatentChannels:
		return fmt.Errorf("the unet takes %d channels and gives %d, the vae's latent has %d: inpainting and depth models: %w", u.InChannels, u.OutChannels, v.LatentChannels, ErrNotStableDiffusion1)
	case v.InChannels != 3 || v.OutChannels != 3:
		return badFile("the vae takes pictures of %d channels and gives %d, want 3", v.InChannels, v.OutChannels)
	case u.CrossAttentionDim != t.HiddenSize:
		return badFile("the unet's cross_attention_dim is %d, the text encoder's hidden_size %d", u.CrossAttentionDim, t.HiddenSize)
	}
	if err := checkTokenizer(p.Tokenizer, t); err != nil {
		return fmt.Errorf("text encoder: %w", err)
	}
	if p.CLIP == nil {
		return nil
	}
	if n := p.CLIP.Config.Vision.Channels; n != 3 {
		return badFile("CLIP takes pictures of %d channels, want 3", n)
	}
	if err := checkTokenizer(p.CLIP.Tokenizer, p.CLIP.Config.Text); err != nil {
		return fmt.Errorf("CLIP: %w", err)
	}
	return nil
}

// checkTokenizer returns an error if a model has no embedding for what the tokenizer
// gives.
func checkTokenizer(t *clip.Tokenizer, c clip.TextConfig) error {
	switch {
	case t.Size() > c.VocabSize:
		whose := ""
		if t == clip.DefaultTokenizer() {
			whose = "; it is CLIP's, since there is none of the model's own"
		}
		return badFile("the tokenizer has %d tokens and vocab_size is %d: %.60q has the id %d, for which there is no embedding%s",
			t.Size(), c.VocabSize, t.Tokens([]int32{int32(c.VocabSize)})[0], c.VocabSize, whose)
	case t.Length() > c.MaxPositions:
		return badFile("the tokenizer gives %d tokens and max_position_embeddings is %d", t.Length(), c.MaxPositions)
	}
	return nil
}

// CheckSize returns an error if no picture of height×width pixels can be made: both
// must be multiples of Multiple, and not too large.
func (p *Pipeline) CheckSize(height, width int) error {
	if m := p.Multiple(); height < m || width < m || height%m != 0 || width%m != 0 {
		return badArgument("a picture of %d×%d: height and width must be multiples of %d", height, width, m)
	}
	return checkExtent(height, width)
}

// Pictures and the latents of them are refused above these bounds before anything
// of their size is made: no memory holds the activations.
const (
	mostSide   = 1 << 16 // pixels, height or width
	mostPixels = 1 << 28
)

// checkExtent refuses a picture that is larger than any that can be worked on.
func checkExtent(height, width int) error {
	if height > mostSide || width > mostSide || height*width > mostPixels {
		return badArgument("%d×%d pixels: want at most %d a side and %d in all", height, width, mostSide, mostPixels)
	}
	return nil
}

// isPicture reports whether image is of shape [1, 3, H, W] with at least a pixel.
func isPicture(image *gt.Dense) bool {
	if image == nil || image.Dims() != 4 {
		return false
	}
	s := image.Shape()
	return s[0] == 1 && s[1] == 3 && s[2] > 0 && s[3] > 0
}

// checkLatentSize refuses latents that belong to no picture.
func (p *Pipeline) checkLatentSize(h, w int) error {
	if h > mostSide || w > mostSide {
		return badArgument("a latent of %d×%d, want at most %d a side", h, w, mostSide/p.Factor())
	}
	return p.CheckSize(h*p.Factor(), w*p.Factor())
}

// CheckPicture returns an error if the encoder does not take image: it must be
// float32 of shape [1, 3, H, W], of a size that CheckSize allows.
func (p *Pipeline) CheckPicture(image *gt.Dense) error {
	if !isPicture(image) {
		return badArgument("a picture of shape %s, want [1, 3, height, width]", shapeOf(image))
	}
	if err := checkFloats("the picture", image); err != nil {
		return err
	}
	return p.CheckSize(image.Shape()[2], image.Shape()[3])
}

// checkLatent returns an error if the decoder does not take z.
func (p *Pipeline) checkLatent(z Latent) error {
	c := p.VAE.Config.LatentChannels
	if z.Dense == nil || z.Dims() != 4 || z.Shape()[0] < 1 || z.Shape()[1] != c || z.Shape()[2] < 1 || z.Shape()[3] < 1 {
		return badArgument("a latent of shape %s, want [1, %d, height, width]", shapeOf(z.Dense), c)
	}
	s, f := z.Shape(), p.Factor()
	return checkExtent(s[2]*f, s[3]*f)
}

// shapeOf is the shape of a tensor, which may be missing, for messages.
func shapeOf(d *gt.Dense) string {
	if d == nil {
		return "() (there is none)"
	}
	return fmt.Sprint(d.Shape())
}
