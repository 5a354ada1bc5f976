package diffusion

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/vae"
	gt "gorgonia.org/tensor"
)

// TAESDLayout says what a tiny autoencoder may be, for messages of programs.
const TAESDLayout = `a tiny autoencoder for Stable Diffusion 1.x is one of
  a directory with config.json and diffusion_pytorch_model.safetensors, as diffusers
    writes it (madebyollin/taesd on Hugging Face's hub)
  a directory with taesd_decoder.safetensors and, to encode, taesd_encoder.safetensors
  a .safetensors file with taesd_decoder.… and taesd_encoder.…, as ComfyUI writes it`

// TAESD is a tiny autoencoder that is open. It must be closed.
type TAESD struct {
	*vae.Tiny

	Path string // of its directory or file

	// SeemsXL reports whether path or file are called after Stable Diffusion XL. Nothing else tells such a model from one
	// of Stable Diffusion 1.x, for which it decodes pictures in false colours.
	SeemsXL bool

	files []weightFiles
}

// WithTAESD opens the tiny autoencoder at path, on the disk, for Pipeline.DecodePreview (default: there is none). What it
// may be, and errors, are those of OpenTAESD; one that does not fit the model's latents is ErrDamaged, too. It is no part
// of the model: Files, Hashes and Texts do not have it.
func WithTAESD(path string) OpenOption { return func(o *openOptions) { o.taesd = path } }

// OpenTAESD opens a tiny autoencoder alone, in one of three forms: a directory as diffusers writes it; a directory with
// the original's taesd_decoder.safetensors and taesd_encoder.safetensors, of which the second may be missing
// (taesdxl_… where there is none of these); a single .safetensors file that holds both, as ComfyUI writes it. The sizes of
// the last two are those of their tensors.
//
// The error is ctx's when ctx ends. Otherwise it is fs.ErrNotExist, ErrDamaged, or ErrNotStableDiffusion1 for one of other
// latents or another architecture, such as taesd3, taef1 and taesana.
func OpenTAESD(ctx context.Context, path string, opts ...nn.LoadOption) (*TAESD, error) {
	if ctx == nil {
		return nil, badArgument("tiny autoencoder: the context is nil")
	}
	t, dir := &TAESD{Path: path, SeemsXL: isXL(path)}, tensor.OnDisk(path)
	info, err := dir.Stat("")
	switch {
	case err != nil:
		err = fmt.Errorf("tiny autoencoder: %w\n%s", err, TAESDLayout)
	case !info.IsDir():
		err = t.openCombined(ctx, path, opts)
	case dir.Exists(nn.ConfigFile):
		err = t.openDirectory(ctx, dir, opts)
	default:
		err = t.openPair(ctx, dir, opts)
	}
	if stopped := ctx.Err(); err != nil && stopped != nil {
		err = stopped
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// isXL reports whether a file or directory is called after Stable Diffusion XL.
func isXL(path string) bool {
	abs, err := filepath.Abs(path)
	return err == nil && strings.Contains(strings.ToLower(filepath.Base(abs)), "xl")
}

// openDirectory opens what diffusers has written.
func (t *TAESD) openDirectory(ctx context.Context, dir tensor.Dir, opts []nn.LoadOption) error {
	c, err := readConfig(dir, vae.ReadTinyConfig)
	if err != nil {
		return err
	}
	if err := t.build(c); err != nil {
		return fmt.Errorf("%s: %w", dir.Path(nn.ConfigFile), err)
	}
	set, err := load(ctx, t.Tiny, dir, "diffusion_pytorch_model", opts...)
	if err == nil {
		t.files = append(t.files, set)
	}
	return err
}

// build makes the model of a configuration, without weights.
func (t *TAESD) build(c vae.TinyConfig) (err error) {
	if n := c.LatentChannels; n != 4 {
		return fmt.Errorf("its latents have %d channels, want 4; those of taesd3 and taef1 have 16: %w", n, ErrNotStableDiffusion1)
	}
	if c.InChannels != 3 || c.OutChannels != 3 {
		return badFile("it takes pictures of %d channels and gives %d, want 3", c.InChannels, c.OutChannels)
	}
	t.Tiny, err = vae.NewTiny(c)
	return err
}

// Close unmaps the weights; the model must not be used afterwards. Closing twice is harmless.
func (t *TAESD) Close() error {
	if t == nil {
		return nil
	}
	var errs []error
	for _, f := range t.files {
		errs = append(errs, f.Close())
	}
	t.files = nil
	return errors.Join(errs...)
}

// changed is an error if a file was written to.
func (t *TAESD) changed() error {
	for _, f := range t.files {
		if err := f.Changed(); err != nil {
			return err
		}
	}
	return nil
}

// openTAESD opens the tiny autoencoder that is asked for, if one is, for a model that is open.
func (p *Pipeline) openTAESD(o openOptions) (err error) {
	if o.taesd == "" {
		return nil
	}
	if p.TAESD, err = OpenTAESD(o.ctx, o.taesd); err != nil {
		return err
	}
	if t, v := p.TAESD.Config, p.VAE.Config; t.LatentChannels != v.LatentChannels || t.Factor() != v.Factor() {
		return badFile("%s is a tiny autoencoder for latents of %d channels, each cell %d pixels wide; the model's have %d and are %d wide",
			o.taesd, t.LatentChannels, t.Factor(), v.LatentChannels, v.Factor())
	}
	if p.TAESD.SeemsXL {
		p.log.Warn("the tiny autoencoder is called after Stable Diffusion XL: expect false colours", "path", o.taesd)
	}
	return nil
}

// latentToRGB approximates the decoder of Stable Diffusion 1.x, without its upscaling, by one factor for each channel of
// the latent and colour; colours are in [-1, 1] (keturn, "Decoding latents to RGB without upscaling", forum of Hugging
// Face, 2022).
var latentToRGB = [4][3]float32{
	{0.298, 0.207, 0.208},
	{0.187, 0.286, 0.173},
	{-0.158, 0.189, 0.264},
	{-0.184, -0.271, -0.473},
}

// DecodePreview returns quickly about what Decode would of a latent [1, C, h, w], such as Moment.Clean's: through the tiny
// autoencoder of WithTAESD a picture [1, 3, H, W], from about -1 to 1, not clamped, in an eighteenth of the operations;
// without one a picture as large as the latent, [1, 3, h, w], in approximate colours of Stable Diffusion 1.x, at no cost.
// A latent that Decode or CheckPreview refuses is ErrArgument, one that is not finite ErrNotFinite.
func (p *Pipeline) DecodePreview(ctx context.Context, z Latent) (*gt.Dense, error) {
	if err := p.checkLatent(z); err != nil {
		return nil, err
	}
	if p.TAESD == nil {
		return p.approximate(z)
	}
	if err := p.TAESD.changed(); err != nil {
		return nil, err
	}
	out, err := p.graphs.preview.Run(ctx, map[string]*gt.Dense{"z": z.Dense})
	if err != nil {
		return nil, err
	}
	return out[0], checkFinite("the preview", out[0])
}

// CheckPreview returns an error if DecodePreview knows no picture of the model's latents: without a tiny autoencoder they
// must have the 4 channels whose colours are known.
func (p *Pipeline) CheckPreview() error {
	if n := p.VAE.Config.LatentChannels; p.TAESD == nil && n != len(latentToRGB) {
		return badArgument("the colours of latents are known of %d channels, the model's have %d: a preview needs a tiny autoencoder", len(latentToRGB), n)
	}
	return nil
}

// approximate is the picture of a latent in approximate colours.
func (p *Pipeline) approximate(z Latent) (*gt.Dense, error) {
	if err := p.CheckPreview(); err != nil {
		return nil, err
	}
	if err := checkFloats("the latent", z.Dense); err != nil {
		return nil, err
	}
	s, v := z.Shape(), z.Floats()
	if s[0] != 1 {
		return nil, badArgument("a preview of %d latents, want one", s[0])
	}
	n := s[2] * s[3]
	rgb := make([]float32, 3*n)
	for channel, factors := range latentToRGB {
		for colour, f := range factors {
			for i, x := range v[channel*n:][:n] {
				rgb[colour*n+i] += f * x
			}
		}
	}
	out := tensor.FromFloat32s(rgb, 1, 3, s[2], s[3])
	return out, checkFinite("the preview", out)
}
