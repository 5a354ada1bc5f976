package diffusion

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/unet"
	"github.com/sdgraph/sdgraph/vae"
	gt "gorgonia.org/tensor"
)

// saved writes a single file.
func saved(t *testing.T, tensors map[string]*gt.Dense) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := tensor.Save(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// as rounds tensors to another precision.
func as(dtype gt.Dtype, tensors map[string]*gt.Dense) map[string]*gt.Dense {
	out := map[string]*gt.Dense{}
	for name, d := range tensors {
		out[name] = tensor.FromFloat32sAs(dtype, tensor.Float32s(d), d.Shape()...)
	}
	return out
}

// like makes a single file what the configuration of a directory says, where
// tensors do not show it.
func like(dir *Pipeline) OpenOption {
	return WithFileConfig(func(c *FileConfig) {
		c.UNet.AttentionHeadDim, c.UNet.NormNumGroups = dir.UNet.Config.AttentionHeadDim, dir.UNet.Config.NormNumGroups
		c.VAE.NormNumGroups, c.VAE.ScalingFactor = dir.VAE.Config.NormNumGroups, dir.VAE.Config.ScalingFactor
		c.Text.Heads = dir.Text.Config.Heads
		c.Scheduler = dir.Scheduler
	})
}

// openLike opens a single file beside the directory that it was made from.
func openLike(t *testing.T, tensors map[string]*gt.Dense, dir *Pipeline, opts ...OpenOption) *Pipeline {
	t.Helper()
	opts = append(opts, like(dir), WithTokenizerDir(filepath.Join(dir.Dir, "tokenizer")), WithCLIPDir(dir.CLIPDir))
	return openModel(t, saved(t, tensors), opts...)
}

// outputs runs every part of a pipeline.
func outputs(t *testing.T, p *Pipeline) map[string][]float32 {
	t.Helper()
	z, prompt := randomLatent(3), encode(t, p, "a photo of a metal nut")
	picture, err := p.Decode(t.Context(), z)
	if err != nil {
		t.Fatal(err)
	}
	latent, err := p.EncodeImage(t.Context(), picture)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]float32{
		"noise":   denoise(t, compile(t, p), z, Guidance{Prompt: prompt}),
		"prompt":  tensor.Float32s(prompt.Hidden),
		"picture": tensor.Float32s(picture),
		"latent":  latent.Floats(),
	}
}

// sameBits reports the outputs that are not the same to the last bit.
func sameBits(t *testing.T, want, got map[string][]float32) {
	t.Helper()
	for name, w := range want {
		if !slices.Equal(w, got[name]) {
			t.Errorf("%s differs, by %g of its size", name, difference(got[name], w))
		}
	}
}

// rounded is a copy of model a in another precision.
func rounded(t *testing.T, dtype gt.Dtype) original {
	s := spoiled{t, copyModel(t)}
	for _, name := range []string{unetWeights, vaeWeights, textWeights} {
		s.weights(name, func(all map[string]*gt.Dense) { maps.Copy(all, as(dtype, all)) })
	}
	return original{s.dir, originalA.unet, originalA.levels}
}

// TestSingleFilePredictsTheSame opens directories and single files with the
// same numbers, in every precision.
func TestSingleFilePredictsTheSame(t *testing.T) {
	for name, o := range map[string]original{
		"a, f16":             originalA,
		"a, bf16":            rounded(t, tensor.BFloat16),
		"a, f32":             rounded(t, gt.Float32),
		"b, every precision": originalB,
	} {
		t.Run(name, func(t *testing.T) {
			dir := openModel(t, o.dir)
			file := openLike(t, o.tensors(t), dir)
			same := []cmp.Option{
				cmpopts.IgnoreFields(vae.Config{}, "DownBlockTypes", "UpBlockTypes"),
				cmpopts.IgnoreFields(clip.TextConfig{}, "EOSTokenID", "ProjectionDim"),
			}
			if diff := cmp.Diff(dir.UNet.Config, file.UNet.Config, same...); diff != "" {
				t.Errorf("unet: directory (-), file (+):\n%s", diff)
			}
			if diff := cmp.Diff(dir.VAE.Config, file.VAE.Config, same...); diff != "" {
				t.Errorf("vae: directory (-), file (+):\n%s", diff)
			}
			if diff := cmp.Diff(dir.Text.Config, file.Text.Config, same...); diff != "" {
				t.Errorf("text encoder: directory (-), file (+):\n%s", diff)
			}
			sameBits(t, outputs(t, dir), outputs(t, file))
		})
	}
}

// TestSingleFileIsMapped finds the weights where the file has them.
func TestSingleFileIsMapped(t *testing.T) {
	dir := openModel(t, modelA)
	p := openLike(t, originalA.tensors(t), dir, WithoutCLIP())
	if got := p.Files(); len(got) != 1 || got[0] != p.Dir {
		t.Errorf("files are %v, want %s alone", got, p.Dir)
	}
	inFile, err := p.files[0].(*tensor.File).Get("model.diffusion_model.input_blocks.0.0.weight")
	if err != nil {
		t.Fatal(err)
	}
	if w := p.UNet.ConvIn.Weight; w.Value().Uintptr() != inFile.Uintptr() {
		t.Error("conv_in.weight was copied")
	} else if w.Name() != "conv_in.weight" {
		t.Errorf("conv_in.weight is called %s", w.Name())
	}
}

// TestSingleFileDefaults opens a file without options for its configuration.
func TestSingleFileDefaults(t *testing.T) {
	tensors := originalA.tensors(t)
	for name, d := range tensors { // the autoencoder has 16 channels, too few for 32 groups
		if strings.HasPrefix(name, vaePrefix) {
			shape := d.Shape().Clone()
			for axis, n := range shape {
				if n == 16 || n == 32 {
					shape[axis] *= 2
				}
			}
			tensors[name] = tensor.FromFloat32s(make([]float32, shape.TotalSize()), shape...)
		}
	}
	p := openModel(t, saved(t, tensors), WithTokenizerDir(modelA+"/tokenizer"))
	if diff := cmp.Diff(unet.PerBlock{8}, p.UNet.Config.AttentionHeadDim); diff != "" {
		t.Error(diff)
	}
	if u, v, s := p.UNet.Config.NormNumGroups, p.VAE.Config.NormNumGroups, p.VAE.Config.ScalingFactor; u != 32 || v != 32 || s != 0.18215 {
		t.Errorf("groups %d and %d, scaling factor %g", u, v, s)
	}
	published, err := LoadSchedulerConfig(tensor.OnDisk(modelB + "/scheduler"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(published, p.Scheduler); diff != "" {
		t.Errorf("published scheduler (-), ours (+):\n%s", diff)
	}
	if p.CLIP != nil || p.CLIPDir != "" {
		t.Errorf("there is a CLIP from %q", p.CLIPDir)
	}
}

// extras are what the original code saves besides.
var extras = []string{
	"betas", "alphas_cumprod", "alphas_cumprod_prev", "sqrt_alphas_cumprod", "sqrt_one_minus_alphas_cumprod",
	"log_one_minus_alphas_cumprod", "sqrt_recip_alphas_cumprod", "sqrt_recipm1_alphas_cumprod", "posterior_variance",
	"posterior_log_variance_clipped", "posterior_mean_coef1", "posterior_mean_coef2", "lvlb_weights", "logvar",
	"model_ema.decay", "model_ema.num_updates", "first_stage_model.loss.logvar",
	"first_stage_model.loss.perceptual_loss.net.slice1.0.weight", "first_stage_model.model_ema.decay",
	"cond_stage_model.logit_scale", "cond_stage_model.transformer.text_model.embeddings.position_ids",
	"cond_stage_model.transformer.text_projection.weight",
}

// averages adds the moving averages of a UNet: its weights halved.
func averages(tensors map[string]*gt.Dense) {
	for name, d := range maps.Clone(tensors) {
		if rest, ok := strings.CutPrefix(name, "model."); ok && strings.HasPrefix(rest, "diffusion_model.") {
			half := slices.Clone(tensor.Float32s(d))
			for i := range half {
				half[i] /= 2
			}
			tensors["model_ema."+strings.ReplaceAll(rest, ".", "")] = tensor.FromFloat32s(half, d.Shape()...)
		}
	}
}

func TestSingleFileAverages(t *testing.T) {
	dir := openModel(t, modelA)
	both := originalA.tensors(t)
	averages(both)
	for _, name := range extras {
		both[name] = tensor.FromFloat32s([]float32{float32(math.NaN())}, 1) // never looked at
	}
	noise := func(p *Pipeline) []float32 {
		return denoise(t, compile(t, p), randomLatent(3), Guidance{Prompt: encode(t, p, "a nut")})
	}
	plain := noise(openLike(t, both, dir))
	if !slices.Equal(plain, noise(dir)) {
		t.Error("moving averages change a prediction that does not use them")
	}

	halved := maps.Clone(both)
	maps.DeleteFunc(halved, func(name string, _ *gt.Dense) bool { return strings.HasPrefix(name, "model_ema.") })
	for name := range halved {
		if rest, ok := strings.CutPrefix(name, "model.diffusion_model."); ok {
			halved[name] = both["model_ema.diffusion_model"+strings.ReplaceAll(rest, ".", "")]
		}
	}
	want := noise(openLike(t, halved, dir, WithEMA())) // has no averages: its weights are taken
	if slices.Equal(want, plain) {
		t.Fatal("half the weights predict the same")
	}
	only := maps.Clone(both)
	maps.DeleteFunc(only, func(name string, _ *gt.Dense) bool { return strings.HasPrefix(name, "model.diffusion_model.") })
	for name, p := range map[string]*Pipeline{"chosen": openLike(t, both, dir, WithEMA()), "the only copy": openLike(t, only, dir)} {
		if !slices.Equal(want, noise(p)) {
			t.Errorf("moving averages, %s, do not predict what they should", name)
		}
	}
}

// TestSingleFileOtherLayouts opens what only some tools write.
func TestSingleFileOtherLayouts(t *testing.T) {
	dir := openModel(t, modelA)
	for name, change := range map[string]func(all map[string]*gt.Dense){
		"text encoder without text_model": func(all map[string]*gt.Dense) {
			for name, d := range maps.Clone(all) {
				if strings.Contains(name, ".text_model.") {
					delete(all, name)
					all[strings.Replace(name, ".text_model.", ".", 1)] = d
				}
			}
		},
		"attention as matrices": func(all map[string]*gt.Dense) {
			for name, d := range all {
				if strings.Contains(name, ".attn_1.") && len(d.Shape()) == 4 {
					all[name] = tensor.FromFloat32sAs(tensor.Float16, tensor.Float32s(d), d.Shape()[:2]...)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			all := originalA.tensors(t)
			change(all)
			sameBits(t, outputs(t, dir), outputs(t, openLike(t, all, dir)))
		})
	}
}

func TestAllowUnused(t *testing.T) {
	dir, all := openModel(t, modelA), originalA.tensors(t)
	for _, name := range []string{"embedding_manager.weight", unetPrefix + "input_blocks.0.1.extra", vaePrefix + "extra", textPrefix + "extra"} {
		all[name] = tensor.FromFloat32s([]float32{1}, 1)
	}
	if p := openLike(t, all, dir, WithUnused()); !p.UNet.ConvIn.Weight.Loaded() {
		t.Error("not loaded")
	}
}

// TestWithTokenizerDir gives a directory another tokenizer than its own.
func TestWithTokenizerDir(t *testing.T) {
	p := openModel(t, modelA, WithTokenizerDir(modelB+"/tokenizer"))
	if got, want := p.Tokenizer.Size(), openModel(t, modelB).Tokenizer.Size(); got != want {
		t.Errorf("%d tokens, want %d", got, want)
	}
	if _, err := Open(t.Context(), modelA, WithTokenizerDir("nowhere")); err == nil || !strings.Contains(err.Error(), filepath.Join("nowhere", "vocab.json")) {
		t.Errorf("a tokenizer that is not there: %v", err)
	}
}

func TestOpenRefusesPickles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v1-5.ckpt")
	if err := os.WriteFile(path, []byte("PK"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path)
	for _, says := range []string{path, "pickle", "torch.load(", "save_file(", "v1-5.safetensors"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("the error does not mention %q: %v", says, err)
		}
	}
}
