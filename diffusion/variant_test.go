package diffusion

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWithVariant opens of weights in several variants those that are asked for, in CLIP's own directory, too.
func TestWithVariant(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	clip := filepath.Join(t.TempDir(), "clip")
	if err := os.Rename(filepath.Join(dir, "clip"), clip); err != nil {
		t.Fatal(err)
	}
	for _, whole := range []string{filepath.Join(dir, "unet/diffusion_pytorch_model"), filepath.Join(clip, "model")} {
		data, err := os.ReadFile(whole + ".safetensors")
		if err := errors.Join(err, os.WriteFile(whole+".fp16.safetensors", data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for variant, want := range map[string]int{"": 0, "none": 0, "fp16": 2, "bf16": 0} {
		p := openModel(t, dir, WithVariant(variant), WithCLIPDir(clip))
		if got := strings.Count(strings.Join(p.Files(), " "), ".fp16."); got != want || len(p.Files()) != 4 {
			t.Errorf("variant %q: %d files of fp16, want %d, of %v", variant, got, want, p.Files())
		}
	}
}
