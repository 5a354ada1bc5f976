package diffusion

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
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
		if n := p.Arena().Bytes(); n != 0 || len(p.Files()) != 0 {
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

// TestErrorsAre finds the errors that the package lists.
func TestErrorsAre(t *testing.T) {
	p := openModel(t, modelA, WithoutCLIP())
	text := encode(t, p, "a nut")
	xl := copyModel(t)
	if err := os.WriteFile(filepath.Join(xl, "model_index.json"), []byte(`{"_class_name":"StableDiffusionXLPipeline"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	store := NewAttnStore(Cross(mapA, mapA))
	for name, c := range map[string]struct {
		want error
		err  func() error
	}{
		"no CLIP":   {ErrNoCLIP, func() error { _, err := p.CLIPText(t.Context(), "a nut"); return err }},
		"class":     {ErrNotStableDiffusion1, func() error { _, err := Open(t.Context(), xl); return err }},
		"absent":    {ErrWordAbsent, func() error { _, err := p.Tokenizer.FindWord("a nut", "crack"); return err }},
		"cut":       {ErrWordCut, func() error { _, err := p.Tokenizer.FindWord(strings.Repeat("a ", 80)+"crack", "crack"); return err }},
		"nothing":   {os.ErrNotExist, func() error { _, err := Open(t.Context(), "nowhere"); return err }},
		"cancelled": {context.Canceled, func() error { _, err := Open(cancelled, modelA); return err }},
		"NaN": {ErrNotFinite, func() error {
			_, err := compile(t, p).Denoise(t.Context(), randomLatent(1), math.NaN(), Guidance{Prompt: text})
			return err
		}},
		"budget": {ErrMemory, func() error {
			_, err := p.Compile(sizeA, sizeA, WithStore(store), WithLoss(smooth(store)), WithGrad(LatentInput), WithMemory(1000))
			return err
		}},
	} {
		if err := c.err(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want one that is %q", name, err, c.want)
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
