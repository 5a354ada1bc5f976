package diffusion

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
)

// everyCall is what a program may ask of a pipeline and of steps that are
// compiled already.
func everyCall(p *Pipeline, grad, plain *Denoiser, text Prompt) map[string]func() error {
	ctx, z := context.Background(), randomLatent(1)
	return map[string]func() error{
		"Encode":      func() error { _, err := p.Encode(ctx, "a nut"); return err },
		"CLIPText":    func() error { _, err := p.CLIPText(ctx, "a nut"); return err },
		"EncodeImage": func() error { _, err := p.EncodeImage(ctx, picture(64, 64)); return err },
		"Decode":      func() error { _, err := p.Decode(ctx, z); return err },
		"Grad":        func() error { _, err := grad.Grad(ctx, z, 1, text); return err },
		"Denoise":     func() error { _, err := plain.Denoise(ctx, z, 1, Guidance{Prompt: text}); return err },
		"new batch":   func() error { _, err := plain.Predict(ctx, z, 1, text, text, text); return err },
		"Compile": func() error {
			_, err := p.Compile(sizeA, sizeA, WithLoss(func() *G.Node { return nil }))
			return err
		},
	}
}

// steps are one with a loss and one with a hook.
func steps(t *testing.T, p *Pipeline) (grad, plain *Denoiser) {
	t.Helper()
	store := NewAttnStore(Cross(mapA, mapA))
	return compile(t, p, WithStore(store), WithLoss(smooth(store)), WithGrad(LatentInput)), compile(t, p, WithHook(func(*nn.Site) {}))
}

// TestClose calls everything after Close, for programs that ran before and for
// those that did not.
func TestClose(t *testing.T) {
	for name, used := range map[string]bool{"unused": false, "used": true} {
		p := openModel(t, modelA)
		text := encode(t, p, "a nut")
		grad, plain := steps(t, p)
		calls := everyCall(p, grad, plain, text)
		if used {
			for call, f := range calls {
				if err := f(); err != nil && call != "Compile" {
					t.Fatalf("%s: %v", call, err)
				}
			}
		}
		for range 2 {
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for call, f := range calls {
			if err := f(); !errors.Is(err, ErrClosed) {
				t.Errorf("%s pipeline: %s: %v, want ErrClosed", name, call, err)
			}
		}
		if n := p.arena.Bytes(); n != 0 || len(p.Files()) != 0 {
			t.Errorf("%s pipeline: %d bytes and %d files are left", name, n, len(p.Files()))
		}
	}
}

// TestCloseWhileInUse closes under the hands of several goroutines: each gets
// its result or ErrClosed.
func TestCloseWhileInUse(t *testing.T) {
	p := openModel(t, modelA)
	text := encode(t, p, "a nut")
	grad, plain := steps(t, p)
	var wg sync.WaitGroup
	returned := make(chan struct{}, 100)
	for call, f := range everyCall(p, grad, plain, text) {
		if call == "Compile" {
			continue
		}
		wg.Go(func() {
			for {
				err := f()
				select {
				case returned <- struct{}{}:
				default:
				}
				switch {
				case errors.Is(err, ErrClosed):
					return
				case err != nil:
					t.Errorf("%s: %v", call, err)
					return
				}
			}
		})
	}
	for range 3 {
		<-returned
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

// TestFileChanged changes a file of weights under an open pipeline.
func TestFileChanged(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file in use cannot be changed")
	}
	dir := copyModel(t)
	unet := filepath.Join(dir, "unet", "diffusion_pytorch_model.safetensors")
	p := openModel(t, dir)
	text := encode(t, p, "a nut")
	step := compile(t, p)
	g := Guidance{Prompt: text}
	denoise(t, step, randomLatent(1), g)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(unet, later, later); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Decode(t.Context(), randomLatent(1)); !errors.Is(err, ErrFileChanged) || !strings.Contains(err.Error(), unet) {
		t.Errorf("a program that is compiled now: %v, want ErrFileChanged with the path", err)
	}
	if err := os.Truncate(unet, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := step.Denoise(t.Context(), randomLatent(1), 1, g); !errors.Is(err, ErrFileLost) {
		t.Errorf("a program that was compiled before: %v, want ErrFileLost", err)
	}
}

// TestErrorsAre finds the kinds that the package lists, through every layer that may be between them and a program,
// and none where another is meant. TestOpenRefuses and TestMisuse have many more that are damaged or wrong arguments.
func TestErrorsAre(t *testing.T) {
	ctx, z := t.Context(), randomLatent(1)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	p := openModel(t, modelA, WithoutCLIP())
	text := encode(t, p, "a nut")
	step, store := compile(t, p), NewAttnStore(Cross(mapA, mapA))
	closed := openModel(t, modelA)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	spoil := func(change func(s spoiled)) string {
		s := spoiled{t, copyModel(t)}
		change(s)
		return s.dir
	}
	small := GenerateOptions{Height: 8 * sizeA, Width: 8 * sizeA, Steps: 2}
	unknown := openModel(t, modelA, WithoutCLIP())
	unknown.Scheduler.Class = "HeunDiscreteScheduler"
	thresholding := p.Scheduler
	thresholding.Thresholding = true
	schedule, err := NewScheduler("ddim", p.Scheduler, 2)
	if err != nil {
		t.Fatal(err)
	}
	sampler := func(of Sampler, first int) error { _, err := of.Run(ctx, z, first); return err }

	kinds := map[error]map[string]func() error{
		fs.ErrNotExist: {
			"Open":   func() error { _, err := Open(ctx, "nowhere"); return err },
			"OpenFS": func() error { _, err := OpenFS(ctx, os.DirFS(t.TempDir())); return err },
			"OpenUNet": func() error {
				_, _, err := OpenUNet(ctx, tensor.OnDisk(modelA).Sub("scheduler"))
				return err
			},
			"LoadSchedulerConfig": func() error { _, err := LoadSchedulerConfig(tensor.OnDisk("nowhere")); return err },
			"WithTokenizerDir":    func() error { _, err := Open(ctx, modelA, WithTokenizerDir("nowhere")); return err },
		},
		context.Canceled: {
			"Open":     func() error { _, err := Open(cancelled, modelA); return err },
			"Encode":   func() error { _, err := p.Encode(cancelled, "a nut"); return err },
			"Denoise":  func() error { _, err := step.Denoise(cancelled, z, 1, Guidance{Prompt: text}); return err },
			"Hashes":   func() error { _, err := p.Hashes(cancelled); return err },
			"Generate": func() error { _, err := p.Generate(cancelled, "a nut", small); return err },
		},
		ErrNotStableDiffusion1: {
			"Open": func() error {
				_, err := Open(ctx, spoil(func(s spoiled) {
					s.set("model_index.json", map[string]any{"_class_name": "StableDiffusionXLPipeline"})
				}))
				return err
			},
			"OpenText": func() error {
				dir := spoil(func(s spoiled) { s.set("text_encoder/config.json", map[string]any{"hidden_act": "relu6"}) })
				_, _, err := OpenText(ctx, tensor.OnDisk(dir).Sub("text_encoder"))
				return err
			},
		},
		ErrDamaged: {
			"OpenVAE": func() error {
				dir := spoil(func(s spoiled) { s.cut(vaeWeights, 1000) })
				_, _, err := OpenVAE(ctx, tensor.OnDisk(dir).Sub("vae"))
				return err
			},
			"OpenFS": func() error {
				_, err := OpenFS(ctx, os.DirFS(spoil(func(s spoiled) { s.write(unetConfig, "<html>") })))
				return err
			},
			"LoadSchedulerConfig": func() error { _, err := LoadSchedulerConfig(schedulerFile(`{"beta_start": 2}`)); return err },
			"pickle":              func() error { _, err := Open(ctx, tree(t, "model.ckpt")+"/model.ckpt"); return err },
		},
		ErrNoCLIP: {
			"CLIPText":  func() error { _, err := p.CLIPText(ctx, "a nut"); return err },
			"CLIPImage": func() error { _, err := p.CLIPImage(ctx, picture(64, 64)); return err },
		},
		ErrArgument: {
			"nil context": func() error { _, err := Open(noContext, modelA); return err },
			"prediction":  func() error { _, err := Open(ctx, modelA, WithPredictionType("x0")); return err },
			"variant":     func() error { _, err := Open(ctx, modelA, WithVariant("f32")); return err },
			"Compile":     func() error { _, err := p.Compile(sizeA+1, sizeA); return err },
			"hook":        func() error { _, err := p.Compile(sizeA, sizeA, WithHook(nil)); return err },
			"Decode":      func() error { _, err := p.Decode(ctx, Latent{}); return err },
			"Denoise": func() error {
				_, err := step.Denoise(ctx, NewLatent(make([]float32, 4*8*8), 4, 8, 8), 1, Guidance{Prompt: text})
				return err
			},
			"steps":         func() error { _, err := NewScheduler("ddim", p.Scheduler, 0); return err },
			"noise":         func() error { _, err := NewScheduler("euler-a", p.Scheduler, 2); return err },
			"configuration": func() error { _, err := NewScheduler("ddim", SchedulerConfig{BetaEnd: 2}, 2); return err },
			"word":          func() error { _, err := NewScheduler("ddim", SchedulerConfig{BetaSchedule: "sigmoid"}, 2); return err },
			"precision":     func() error { _, err := Open(ctx, modelA, WithPrecision(-1)); return err },
			"loss": func() error {
				loss := func() *G.Node { return G.Must(G.InverseSqrt(nn.Mean(store.Mean()))) }
				_, err := p.Compile(sizeA, sizeA, WithStore(store), WithLoss(loss), WithGrad(LatentInput))
				return err
			},
			"Scheduler.Step": func() error { _, err := schedule.Step(z, z, 2); return err },
			"Sampler":        func() error { return sampler(Sampler{Model: step, Scheduler: schedule}, 3) },
			"no prompt":      func() error { return sampler(Sampler{Model: step, Scheduler: schedule}, 0) },
			"no scheduler":   func() error { return sampler(Sampler{Model: step}, 0) },
			"Generate": func() error {
				_, err := p.Generate(ctx, "a nut", GenerateOptions{Steps: 1001, Height: 64, Width: 64})
				return err
			},
		},
		ErrUnsupportedScheduler: {
			"name":     func() error { _, err := NewScheduler("heun", p.Scheduler, 2); return err },
			"option":   func() error { _, err := NewScheduler("ddim", thresholding, 2); return err },
			"Generate": func() error { _, err := unknown.Generate(ctx, "a nut", small); return err },
		},
		ErrWordAbsent: {"FindWord": func() error { _, err := p.Tokenizer.FindWord("a nut", "crack"); return err }},
		ErrWordCut: {"FindWord": func() error {
			_, err := p.Tokenizer.FindWord(strings.Repeat("a ", 80)+"crack", "crack")
			return err
		}},
		ErrNotFinite: {
			"Denoise": func() error { _, err := step.Denoise(ctx, z, math.NaN(), Guidance{Prompt: text}); return err },
			"Decode": func() error {
				_, err := p.Decode(ctx, z.With(slices.Repeat([]float32{float32(math.NaN())}, len(z.Floats()))))
				return err
			},
		},
		ErrMemory: {"Compile": func() error {
			_, err := p.Compile(sizeA, sizeA, WithStore(store), WithLoss(smooth(store)), WithGrad(LatentInput), WithMemory(1000))
			return err
		}},
		ErrClosed: {
			"Encode":   func() error { _, err := closed.Encode(ctx, "a nut"); return err },
			"Changed":  closed.Changed,
			"Hashes":   func() error { _, err := closed.Hashes(ctx); return err },
			"Generate": func() error { _, err := closed.Generate(ctx, "a nut", small); return err },
		},
		ErrFileChanged: {}, ErrFileLost: {}, ErrFileReplaced: {}, // TestFileChanged, TestHashes
	}
	for want, calls := range kinds {
		for name, call := range calls {
			err := call()
			for kind := range kinds {
				if errors.Is(err, kind) != (kind == want) {
					t.Errorf("%s: errors.Is says %v for %q: %v", name, errors.Is(err, kind), kind, err)
				}
			}
		}
	}
}

// TestErrorsOfPackageNN end with what they mean here: nn knows neither pictures nor Stable Diffusion.
func TestErrorsOfPackageNN(t *testing.T) {
	p := openModel(t, modelA)
	store := NewAttnStore(Cross(mapA, mapA))
	_, err := p.Compile(sizeA, sizeA, WithStore(store), WithLoss(smooth(store)), WithGrad(LatentInput), WithMemory(1000))
	if !errors.Is(err, ErrMemory) || !strings.HasSuffix(err.Error(), " with every block computed twice; allow it that, or make the picture smaller") {
		t.Errorf("a small budget: %v", err)
	}
	unet := tensor.InFS(fstest.MapFS{"config.json": {Data: []byte(`{"use_linear_projection": true}`)}})
	_, _, err = OpenUNet(t.Context(), unet)
	want := "config.json: use_linear_projection is true, as in Stable Diffusion 2 and XL: not supported, want false: only Stable Diffusion 1.x is supported"
	if !errors.Is(err, ErrNotStableDiffusion1) || err.Error() != want {
		t.Errorf("another UNet: %v, want %s", err, want)
	}
}

// TestLogger reads what a pipeline reports, and nothing by default.
func TestLogger(t *testing.T) {
	var log strings.Builder
	l := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p := openModel(t, modelA, WithLogger(l))
	encode(t, p, strings.Repeat("a ", 75)+"last words")
	denoise(t, compile(t, p), randomLatent(1), Guidance{Prompt: encode(t, p, "")})
	for _, want := range []string{
		`level=INFO msg="model opened" path=` + modelA,
		`level=WARN msg="the prompt is too long" "left out"="last words"`,
		`level=DEBUG msg="graph compiled" name="noise prediction" inputs="map[latent:(1, 4, 16, 16) text:(1, 77, 32) timestep:(1)]"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not mention %q:\n%s", want, &log)
		}
	}
}
