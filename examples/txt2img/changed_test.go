package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// TestWeightsChangeDuringARun puts another file in the place of the weights when
// the first of two pictures is there: the second, which would say that they
// made it, is not written.
func TestWeightsChangeDuringARun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file in use cannot be replaced")
	}
	f := small(t)
	f.N, f.Model = 2, t.TempDir()
	if err := os.CopyFS(f.Model, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	path, done := filepath.Join(f.Model, "unet", "diffusion_pytorch_model.safetensors"), false
	err := run(nn.WithTrace(t.Context(), func(nn.Executed) {
		if done || !files.Exists(filepath.Join(f.Out, "a-photo-of-a-cat-0042.png")) {
			return
		}
		done = true
		if err := errors.Join(os.WriteFile(path+".new", []byte("new"), 0o600), os.Rename(path+".new", path)); err != nil {
			t.Error(err)
		}
	}), f)
	if !errors.Is(err, diffusion.ErrFileReplaced) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrFileReplaced with %s", err, path)
	}
	if diff := cmp.Diff([]string{"a-photo-of-a-cat-0042.png"}, clitest.Written(t, f.Out)); diff != "" {
		t.Errorf("wrote (-want +got):\n%s", diff)
	}
}
