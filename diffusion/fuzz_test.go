package diffusion

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/tensor"
)

// FuzzSchedulerConfig reads a model's scheduler: what is not refused gives timesteps that are numbers, and finite latents.
func FuzzSchedulerConfig(f *testing.F) {
	f.Add([]byte(`{"_class_name":"PNDMScheduler","beta_start":0.00085,"beta_end":0.012,"beta_schedule":"scaled_linear","num_train_timesteps":1000,"steps_offset":1,"skip_prk_steps":true,"set_alpha_to_one":false,"clip_sample":false}`), 10)
	f.Add([]byte(`{"_class_name":"EulerDiscreteScheduler","use_karras_sigmas":true,"timestep_spacing":"trailing","prediction_type":"v_prediction"}`), 3)
	f.Add([]byte(`{"_class_name":"DPMSolverMultistepScheduler","lambda_min_clipped":-5.1,"final_sigmas_type":"sigma_min","euler_at_final":true}`), 7)
	f.Add([]byte(`{"_class_name":"DDIMScheduler","trained_betas":[0.1,0.2],"num_train_timesteps":2,"rescale_betas_zero_snr":true}`), 2)
	f.Fuzz(func(t *testing.T, data []byte, steps int) {
		c, err := LoadSchedulerConfig(schedulerFile(string(data)))
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if steps > 50 {
			steps %= 50 // a longer run shows nothing more
		}
		for _, kind := range append(SchedulerNames(), "") {
			s, err := NewScheduler(kind, c, steps, WithNoise(func(n int) []float32 { return make([]float32, n) }))
			if err != nil {
				continue
			}
			x := row(float32(s.InitNoiseSigma()), 0)
			for i, at := range s.Timesteps() {
				if math.IsNaN(at) {
					t.Fatalf("%s: timestep %d is not a number", kind, i)
				}
				if x, err = s.Step(row(1, -1), x, i); err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				if v := float64(x.Floats()[0]); math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s: step %d gives %v", kind, i, x.Floats())
				}
				if _, err := s.AddNoise(x, x, at); err != nil {
					t.Fatalf("%s: noise at its own timestep %g: %v", kind, at, err)
				}
			}
		}
	})
}

// FuzzModelIndex reads what a directory says of its pipeline.
func FuzzModelIndex(f *testing.F) {
	f.Add([]byte(`{"_class_name":"StableDiffusionPipeline","unet":["diffusers","UNet2DConditionModel"]}`))
	f.Add([]byte(`{"_class_name":["module","StableDiffusionXLPipeline"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := checkIndex(tensor.InFS(fstest.MapFS{"model_index.json": {Data: data}})); err != nil && len(err.Error()) > 2000 {
			t.Fatalf("an error of %d bytes", len(err.Error()))
		}
	})
}

// FuzzPreprocessor reads the colours that CLIP's pictures are normalised with.
func FuzzPreprocessor(f *testing.F) {
	f.Add([]byte(`{"image_mean":[0.48145466,0.4578275,0.40821073],"image_std":[0.26862954,0.26130258,0.27577711]}`))
	f.Add([]byte(`{"image_processor":{"image_mean":[0.5,0.5,0.5]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := clip.ReadColours(tensor.InFS(fstest.MapFS{"preprocessor_config.json": {Data: data}, "processor_config.json": {Data: data}}))
		if err != nil {
			return
		}
		for i, std := range c.Std {
			if v := float64((1 - c.Mean[i]) / std); math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("white becomes %g", v)
			}
		}
	})
}

// FuzzPredictionBeside reads the one line of a single file's configuration.
func FuzzPredictionBeside(f *testing.F) {
	f.Add("model:\n  params:\n    parameterization: \"v\" # not eps\n")
	f.Add("{parameterization: eps}")
	f.Fuzz(func(t *testing.T, yaml string) {
		switch found, err := predictionIn(yaml); {
		case err != nil && len(err.Error()) > 2000:
			t.Fatalf("an error of %d bytes", len(err.Error()))
		case found != "" && found != "epsilon" && found != "v_prediction":
			t.Fatalf("predicts %q", found)
		}
	})
}

// FuzzReadEmbedding reads words from anywhere: what is not refused is a word with vectors, and is written and read back.
func FuzzReadEmbedding(f *testing.F) {
	for _, name := range []string{"cracked", "golden-rust", "dent"} {
		data, err := os.ReadFile(embeddings + name + ".safetensors")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "")
		f.Add(data, "a word")
	}
	f.Fuzz(func(t *testing.T, data []byte, word string) {
		path := filepath.Join(t.TempDir(), "w.safetensors")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		e, err := ReadEmbedding(path, word)
		if err != nil {
			if len(err.Error()) > 4000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if e.Word == "__metadata__" { // no tensor can have this name
			return
		}
		if err := e.Write(path); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := ReadEmbedding(path, "")
		if e.Word == webUIName {
			return // the file's name is the word
		}
		if err != nil || again.Word != e.Word || again.Initial != e.Initial || !again.Vectors.Shape().Eq(e.Vectors.Shape()) {
			t.Fatalf("%+v is read back as %+v, %v", e, again, err)
		}
	})
}
