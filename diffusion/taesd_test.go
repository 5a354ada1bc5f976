package diffusion

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// tinyFolder has the narrow tiny autoencoder as diffusers writes it, and what diffusers computes with it.
var tinyFolder = filepath.Join("..", "vae", "testdata", "taesd")

// tensorsOf reads a file.
func tensorsOf(t *testing.T, path string) map[string]*gt.Dense {
	t.Helper()
	f, err := tensor.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string]*gt.Dense{}
	for _, name := range f.Names() {
		d, err := f.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = tensor.FromFloat32s(append([]float32(nil), tensor.Float32s(d)...), d.Shape()...)
	}
	return all
}

// originalHalf is a half of the narrow model under the original's names: the decoder's numbers are one higher.
func originalHalf(t *testing.T, half, prefix string, higher int) map[string]*gt.Dense {
	t.Helper()
	out := map[string]*gt.Dense{}
	for name, d := range tensorsOf(t, filepath.Join(tinyFolder, "diffusion_pytorch_model.safetensors")) {
		rest, ok := strings.CutPrefix(name, half+".layers.")
		if !ok {
			continue
		}
		number, rest, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		out[fmt.Sprintf("%s%d.%s", prefix, n+higher, rest)] = d
	}
	return out
}

// put writes a file of a folder.
func put(t *testing.T, dir, name string, tensors map[string]*gt.Dense) {
	t.Helper()
	if err := tensor.Save(filepath.Join(dir, name), tensors, nil); err != nil {
		t.Fatal(err)
	}
}

// originalPair is a folder with the original's two files, whose names begin with stem.
func originalPair(t *testing.T, stem string) string {
	t.Helper()
	dir := t.TempDir()
	put(t, dir, stem+"_decoder.safetensors", originalHalf(t, "decoder", "", 1))
	put(t, dir, stem+"_encoder.safetensors", originalHalf(t, "encoder", "", 0))
	return dir
}

// combined is a file with both halves, as ComfyUI writes it.
func combined(t *testing.T) string {
	t.Helper()
	all := originalHalf(t, "decoder", "taesd_decoder.", 1)
	maps.Copy(all, originalHalf(t, "encoder", "taesd_encoder.", 0))
	all["vae_scale"] = tensor.FromFloat32s([]float32{0.18215}, 1)
	dir := t.TempDir()
	put(t, dir, "taesd.safetensors", all)
	return filepath.Join(dir, "taesd.safetensors")
}

// withTAESD is the small model with a tiny autoencoder.
func withTAESD(t *testing.T, path string) *Pipeline {
	t.Helper()
	return openModel(t, modelA, WithoutCLIP(), WithTAESD(path))
}

// TestTAESDForms opens all forms of one model, and decodes with each what diffusers does.
func TestTAESDForms(t *testing.T) {
	golden := tensorsOf(t, filepath.Join(tinyFolder, "golden.safetensors"))
	z, want := golden["decode.latent"], tensor.Float32s(golden["decode.image"])
	one := Latent{tensor.Rows(z, 0, 1)}
	var config any
	for form, path := range map[string]string{"diffusers": tinyFolder, "original": originalPair(t, "taesd"), "XL": originalPair(t, "taesdxl"), "ComfyUI": combined(t)} {
		p := withTAESD(t, path)
		got, err := p.DecodePreview(t.Context(), one)
		if err != nil {
			t.Errorf("%s: %v", form, err)
			continue
		}
		for i, v := range tensor.Float32s(got) {
			if d := v - want[i]; d > 1e-4 || d < -1e-4 {
				t.Fatalf("%s: number %d is %g, want %g", form, i, v, want[i])
			}
		}
		if p.TAESD.SeemsXL != (form == "XL") || p.TAESD.Encoder == nil {
			t.Errorf("%s: XL %t, encoder %v", form, p.TAESD.SeemsXL, p.TAESD.Encoder)
		}
		if config == nil {
			config = p.TAESD.Config
		}
		if diff := cmp.Diff(config, any(p.TAESD.Config)); diff != "" {
			t.Errorf("%s: the configuration differs:\n%s", form, diff)
		}
		for _, f := range p.Files() {
			if strings.Contains(f, "taesd") {
				t.Errorf("%s is among the model's files", f)
			}
		}
	}
}

// TestTAESDDecoderAlone: who wants previews needs one of the original's files.
func TestTAESDDecoderAlone(t *testing.T) {
	dir := originalPair(t, "taesd")
	if err := os.Remove(filepath.Join(dir, "taesd_encoder.safetensors")); err != nil {
		t.Fatal(err)
	}
	p := withTAESD(t, dir)
	if p.TAESD.Encoder != nil {
		t.Error("there is an encoder")
	}
	if _, err := p.DecodePreview(t.Context(), NewLatent(make([]float32, 4*2*3), 4, 2, 3)); err != nil {
		t.Error(err)
	}
}

// TestTAESDErrors says what is wrong with a tiny autoencoder, and of what kind that is.
func TestTAESDErrors(t *testing.T) {
	change := func(name string, d *gt.Dense) string {
		dir := originalPair(t, "taesd")
		half := originalHalf(t, "decoder", "", 1)
		if half[name] = d; d == nil {
			delete(half, name)
		}
		put(t, dir, "taesd_decoder.safetensors", half)
		return dir
	}
	config := func(text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	pickle := t.TempDir()
	if err := os.WriteFile(filepath.Join(pickle, "taesd_decoder.pth"), []byte("PK"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	put(t, other, "taesd_decoder.safetensors", map[string]*gt.Dense{"decoder.1.trunk.weight": tensor.FromFloat32s([]float32{1}, 1)})
	for name, c := range map[string]struct {
		path, want string
		kind       error
	}{
		"nowhere":        {filepath.Join(t.TempDir(), "none"), "a tiny autoencoder for Stable Diffusion 1.x is one of", fs.ErrNotExist},
		"empty":          {t.TempDir(), "has neither config.json nor taesd_decoder.safetensors", fs.ErrNotExist},
		"a pickle":       {pickle, "a pickle can run any code", ErrDamaged},
		"16 channels":    {change("1.weight", tensor.FromFloat32s(make([]float32, 8*16*9), 8, 16, 3, 3)), "its latents have 16 channels, want 4; those of taesd3 and taef1", ErrNotStableDiffusion1},
		"16 in a config": {config(`{"latent_channels": 16}`), "its latents have 16 channels", ErrNotStableDiffusion1},
		"KL":             {config(`{"_class_name": "AutoencoderKL"}`), "_class_name is AutoencoderKL", ErrNotStableDiffusion1},
		"other names":    {other, "not those of a tiny autoencoder's decoder", ErrNotStableDiffusion1},
		"missing":        {change("4.conv.2.bias", nil), "4.conv.2.bias", ErrDamaged},
		"too much":       {change("4.skip.weight", tensor.FromFloat32s([]float32{1}, 1)), "4.skip.weight", ErrDamaged},
		"no half":        {filepath.Join(originalPair(t, "taesd"), "taesd_decoder.safetensors"), "holds no taesd_decoder.…", fs.ErrNotExist},
		"grey":           {config(`{"out_channels": 1}`), "gives 1, want 3", ErrDamaged},
	} {
		_, err := OpenTAESD(t.Context(), c.path)
		if !errors.Is(err, c.kind) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: error %v, want one of %v with %q", name, err, c.kind, c.want)
		}
	}
	if _, err := Open(t.Context(), modelB, WithoutCLIP(), WithTAESD(tinyFolder)); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "the model's have 4 and are 4 wide") {
		t.Errorf("another factor: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := OpenTAESD(ctx, tinyFolder); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestXLWarning warns where a name says that it is the other model's.
func TestXLWarning(t *testing.T) {
	var log strings.Builder
	openModel(t, modelA, WithoutCLIP(), WithTAESD(originalPair(t, "taesdxl")), WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	if !strings.Contains(log.String(), "false colours") {
		t.Errorf("no warning: %s", &log)
	}
	for path, want := range map[string]bool{"models/taesdxl": true, "TAESDXL/": true, "xl/taesd": false} {
		if got := isXL(path); got != want {
			t.Errorf("%s: XL %t", path, got)
		}
	}
}

// TestApproximateColours: grey is the latent 0, and the third channel has most blue.
func TestApproximateColours(t *testing.T) {
	p := openModel(t, modelA, WithoutCLIP())
	z := make([]float32, 4*2)
	z[2*2+1] = 1
	out, err := p.DecodePreview(t.Context(), NewLatent(z, 4, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{0, -0.158, 0, 0.189, 0, 0.264}, tensor.Float32s(out)); diff != "" || !out.Shape().Eq(gt.Shape{1, 3, 1, 2}) {
		t.Errorf("shape %v (-want +got):\n%s", out.Shape(), diff)
	}
	if err := p.CheckPreview(); err != nil {
		t.Error(err)
	}
	p.VAE.Config.LatentChannels = 8
	if err := p.CheckPreview(); !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "the model's have 8") {
		t.Errorf("8 channels: %v", err)
	}
}

// TestTAESDIsClosed with the pipeline.
func TestTAESDIsClosed(t *testing.T) {
	p := withTAESD(t, tinyFolder)
	z := NewLatent(make([]float32, 4*2*3), 4, 2, 3)
	if _, err := p.DecodePreview(t.Context(), z); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DecodePreview(t.Context(), z); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := p.TAESD.Close(); err != nil {
		t.Error(err)
	}
}
