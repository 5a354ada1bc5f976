package diffusion

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// howToConvert says what to do with a checkpoint that is a pickle.
const howToConvert = `%[1]s: a pickle can run any code when it is read, and is not read here; in Python
  import torch, safetensors.torch
  weights = torch.load(%[1]q, map_location="cpu", weights_only=True)
  weights = weights.get("state_dict", weights)
  safetensors.torch.save_file({k: v.clone() for k, v in weights.items() if torch.is_tensor(v)}, %[2]q)
makes a file that is`

// checkFile refuses a file that is no checkpoint of a kind that is read.
func checkFile(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".safetensors":
		return checkPart(filepath.Dir(path))
	case ".ckpt", ".pt", ".pth", ".bin", ".pkl":
		return badFile(howToConvert, path, strings.TrimSuffix(path, filepath.Ext(path))+".safetensors")
	}
	return badFile("%s is a file, want a directory or a .safetensors file%s\n%s", path, above(path), Layout)
}

// foreign are names that tell other kinds of files by, the surest first.
var foreign = []struct{ prefix, kind string }{
	{"conditioner.embedders.", "a Stable Diffusion XL"},
	{"model.diffusion_model.joint_blocks.", "a Stable Diffusion 3"},
	{"model.diffusion_model.double_blocks.", "a Flux"},
	{"double_blocks.", "a Flux"},
	{"cond_stage_model.model.", "a Stable Diffusion 2, which has OpenCLIP's text encoder"},
	{"model.diffusion_model.label_emb.", "an upscaler or a Stable Diffusion XL"},
	{"control_model.", "a ControlNet"},
	{"lora_", "a LoRA, an addition to a model"},
	{"down_blocks.", "the unet of a model directory (open the directory itself)"},
	{"encoder.", "an autoencoder alone"},
	{"text_model.", "a text encoder alone"},
}

// checkNames returns an error if a file is no whole Stable Diffusion 1.x by the
// names of its tensors, and says what it seems to be.
func checkNames(all view) error {
	for _, f := range foreign {
		if name, ok := all.first(f.prefix); ok {
			return fmt.Errorf("the file holds %s and so seems to be %s: %w, whole, with the names of the original code", name, f.kind, ErrNotStableDiffusion1)
		}
	}
	var missing []string
	for _, part := range []struct{ prefix, other, name string }{
		{unetPrefix, emaPrefix, "the unet"}, {vaePrefix, vaePrefix, "the vae"}, {textPrefix, textPrefix, "the text encoder"},
	} {
		if !all.has(part.prefix) && !all.has(part.other) {
			missing = append(missing, fmt.Sprintf("no %s… (%s)", part.prefix, part.name))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("the file holds %s: want a whole Stable Diffusion 1.x with the names of the original code%.0w", strings.Join(missing, ", "), fs.ErrNotExist)
	}
	return nil
}

// What the original code saves beside the weights that a picture needs.
var (
	// The noise schedule of training, and a counter.
	trainingBuffers = []string{
		"betas", "alphas_cumprod", "alphas_cumprod_prev", "sqrt_*", "log_one_minus_alphas_cumprod",
		"posterior_*", "lvlb_weights", "logvar", "denoiser.sigmas", "global_step",
	}
	// The discriminator that the autoencoder was trained against, and averages.
	ignoredInVAE = []string{"loss.*", "model_ema.*"}
	// Constants, and what CLIP has beside its text encoder.
	ignoredInText = []string{"position_ids", "logit_scale", "text_projection*", "vision_model.*", "visual_projection*"}
)

// ignoredBesideUNet is what is passed over in a file, the other parts aside:
// of two copies of the UNet, the one that is not taken.
func (c *checkpoint) ignoredBesideUNet() []string {
	other := []string{"model_ema.*"}
	if c.ema {
		other = []string{unetPrefix + "*", "model_ema.decay", "model_ema.num_updates"}
	}
	return append(other, trainingBuffers...)
}
