package cli

import (
	"fmt"
	"io"

	"github.com/sdgraph/sdgraph/diffusion"
)

// Tiny is the flag for a tiny autoencoder, for programs to embed that decode pictures to look at.
type Tiny struct {
	TAESD string `name:"taesd" placeholder:"PATH" help:"Tiny autoencoder (TAESD) that previews are decoded by: a directory as diffusers writes it, one with the original's taesd_decoder.safetensors, ComfyUI's single file, or owner/name of the Hugging Face hub, madebyollin/taesd." json:"-"`
}

// OpenTiny is the option that opens it, if one is given.
func (t *Tiny) OpenTiny() []diffusion.OpenOption {
	if t.TAESD == "" {
		return nil
	}
	return []diffusion.OpenOption{diffusion.WithTAESD(t.TAESD)}
}

// WarnOfXL says where the tiny autoencoder of a pipeline seems to be another model's.
func (t *Tiny) WarnOfXL(w io.Writer, p *diffusion.Pipeline) {
	if p != nil && p.TAESD != nil && p.TAESD.SeemsXL {
		fmt.Fprintf(w, "warning: --taesd %s is by its name for Stable Diffusion XL; of this model's latents it makes false colours (that of Stable Diffusion 1.x is called taesd)\n", t.TAESD)
	}
}

// Preview is the flags for looking at a picture while it is made, for programs to embed.
type Preview struct {
	Every int `name:"preview" default:"0" placeholder:"K" help:"Every K steps, write the picture that the step predicts to preview.png in --out: by --taesd; without it an eighth of the size, in approximate colours." json:"-"`
	Tiny
}

// Validate returns an error if the flags contradict each other. Programs with a Validate of their own call it.
func (p *Preview) Validate() error {
	if err := Within("--preview", p.Every, 0, MostSteps); err != nil {
		return err
	}
	if p.TAESD != "" && p.Every == 0 {
		return fmt.Errorf("--taesd decodes previews, and there are none: give --preview K, too")
	}
	return nil
}

// Check returns an error if there are to be previews and no picture of the model's latents is known.
func (p *Preview) Check(of *diffusion.Pipeline) error {
	if p.Every == 0 {
		return nil
	}
	if err := of.CheckPreview(); err != nil {
		return fmt.Errorf("--preview: %w, which --taesd gives", err)
	}
	return nil
}
