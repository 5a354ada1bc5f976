package diffusion

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
)

const (
	schedulerConfig = "scheduler/scheduler_config.json"
	textConfig      = "text_encoder/config.json"
	modelIndex      = "model_index.json"
)

// layouts are model directories as people have them, each made from model a by a
// small edit, and what must come out: what model a gives, to the bit, or an error
// that says so.
var layouts = []struct {
	name string
	edit func(s spoiled)
	says string // of the error; "" where it opens
}{
	{"as it is", func(spoiled) {}, ""},
	{"without an index", func(s spoiled) { s.remove(modelIndex) }, ""},

	// What pipelines set in their constructors.
	{"early scheduler", func(s spoiled) { s.set(schedulerConfig, map[string]any{"steps_offset": 0, "clip_sample": true}) }, ""},
	{"earlier scheduler", func(s spoiled) { s.set(schedulerConfig, map[string]any{"steps_offset": nil, "clip_sample": nil}) }, ""},
	{"odd offset", func(s spoiled) { s.set(schedulerConfig, map[string]any{"steps_offset": 7}) }, ""},
	{"DDIM's file", func(s spoiled) {
		s.set(schedulerConfig, map[string]any{"_class_name": "DDIMScheduler", "steps_offset": 0, "clip_sample": true})
	}, ""},

	// Classes that nobody asks for.
	{"scheduler that there is not", func(s spoiled) {
		s.set(schedulerConfig, map[string]any{"_class_name": "UniPCMultistepScheduler", "solver_type": "bh2"})
	}, ""},
	{"DEIS", func(s spoiled) {
		s.set(schedulerConfig, map[string]any{"_class_name": "DEISMultistepScheduler", "algorithm_type": "deis", "solver_type": "logrho"})
	}, ""},
	{"scheduler of training", func(s spoiled) {
		s.set(schedulerConfig, map[string]any{"_class_name": "DDPMScheduler", "variance_type": "fixed_small", "steps_offset": 0})
	}, ""},
	{"scheduler without a class", func(s spoiled) { s.set(schedulerConfig, map[string]any{"_class_name": nil}) }, ""},
	{"image to image", pipelineClass("StableDiffusionImg2ImgPipeline"), ""},
	{"inpainting with the plain unet", pipelineClass("StableDiffusionInpaintPipelineLegacy"), ""},
	{"a pipeline with more pipeline", pipelineClass("StableDiffusionControlNetPipeline"), ""},
	{"animation", pipelineClass("AnimateDiffPipeline"), ""},
	{"a pipeline of the model's own", pipelineClass([]string{"pipeline", "MyPipeline"}), ""},
	{"XL", pipelineClass("StableDiffusionXLInpaintPipeline"), "StableDiffusionXLInpaintPipeline"},
	{"3", pipelineClass("StableDiffusion3Img2ImgPipeline"), "StableDiffusion3Img2ImgPipeline"},
	{"flow", pipelineClass("FluxControlPipeline"), "FluxControlPipeline"},
	{"3 by its parts", func(s spoiled) {
		s.remove(modelIndex)
		s.must(os.Mkdir(s.path("transformer"), 0o700))
	}, "transformer/"},
	{"2 by its unet", func(s spoiled) {
		pipelineClass("StableDiffusionImg2ImgPipeline")(s)
		s.set(unetConfig, map[string]any{"use_linear_projection": true})
	}, "as in Stable Diffusion 2"},
	{"upscaler by its unet", func(s spoiled) {
		pipelineClass("StableDiffusionUpscalePipeline")(s)
		s.set(unetConfig, map[string]any{"num_class_embeds": 1000})
	}, "as in upscalers"},
	{"inpainting by its unet", func(s spoiled) {
		pipelineClass("StableDiffusionInpaintPipeline")(s)
		s.set(unetConfig, map[string]any{"in_channels": 9})
		s.weights(unetWeights, func(all tensors) { all["conv_in.weight"] = zeros(32, 9, 3, 3) })
	}, "the unet takes 9 channels"},

	// Text encoders that hold more.
	{"text projection", moreText(tensors{"text_projection.weight": zeros(5, 32)}), ""},
	{"whole CLIP for a text encoder", func(s spoiled) {
		moreText(tensors{
			"text_projection.weight": zeros(5, 32), "visual_projection.weight": zeros(5, 8), "logit_scale": zeros(1),
			"vision_model.embeddings.class_embedding": zeros(8), "text_model.embeddings.position_ids": zeros(1, 77),
		})(s)
		s.nest(textConfig, "text_config", map[string]any{"model_type": "clip"})
	}, ""},
	{"adapter in the text encoder", moreText(tensors{"text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight": zeros(2, 32)}),
		"encoder.layers.0.self_attn.q_proj.lora_A.weight"},

	// Fields that nothing here reads.
	{"size of the samples", func(s spoiled) { s.set(unetConfig, map[string]any{"sample_size": []int{64, 64}}) }, ""},
	{"fields of later versions", func(s spoiled) {
		s.set(unetConfig, map[string]any{"future": map[string]any{"x": []int{1}}, "sample_size": nil})
		s.set(vaeConfig, map[string]any{"force_upcast": true, "latents_mean": nil})
		s.set(textConfig, map[string]any{"torch_dtype": "float16"})
	}, ""},
}

// pipelineClass sets the class of the index.
func pipelineClass(class any) func(s spoiled) {
	return func(s spoiled) { s.set(modelIndex, map[string]any{"_class_name": class}) }
}

// moreText adds tensors to the text encoder, whose precision stays.
func moreText(more tensors) func(s spoiled) {
	return func(s spoiled) {
		s.weights(textWeights, func(all tensors) {
			maps.Copy(all, more)
			maps.Copy(all, as(tensor.Float16, all))
		})
	}
}

func TestLayouts(t *testing.T) {
	want := allOf(t, modelA)
	for _, c := range layouts {
		t.Run(c.name, func(t *testing.T) {
			s := spoiled{t, copyModel(t)}
			s.remove("clip")
			c.edit(s)
			if c.says == "" {
				sameBits(t, want, allOf(t, s.dir))
				return
			}
			_, err := Open(t.Context(), s.dir)
			if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), c.says) {
				t.Errorf("error %v, want one that says %s", err, c.says)
			}
		})
	}
}

// allOf is what a model gives: every part's outputs, and a run of every scheduler.
func allOf(t *testing.T, dir string) map[string][]float32 {
	t.Helper()
	p := openModel(t, dir, WithoutCLIP())
	all := outputs(t, p)
	init, noise := []float32{1, -2, 0.5}, []float32{0.25, 1, -1}
	for _, kind := range SchedulerNames() {
		s, err := NewScheduler(kind, p.Scheduler, 4, WithNoise(func(n int) []float32 { return noise[:n] }))
		if err != nil {
			t.Fatal(err)
		}
		latents := runScheduler(t, s, init, noise, 0)
		all[kind] = latents[len(latents)-1]
		for _, at := range s.Timesteps() {
			all[kind] = append(all[kind], float32(at))
		}
	}
	return all
}
