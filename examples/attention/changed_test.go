package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/nn"
)

// TestWeightsChangeDuringARun cuts the text encoder short in the last program, which does not use it: no
// page says that it made these maps.
func TestWeightsChangeDuringARun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file in use cannot be changed")
	}
	f := small(t)
	f.Model = t.TempDir()
	if err := os.CopyFS(f.Model, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	path, used := filepath.Join(f.Model, "text_encoder", "model.safetensors"), false
	err := run(nn.WithTrace(t.Context(), func(e nn.Executed) {
		if !used && strings.Contains(e.Op, "decoder.conv_in") {
			if used = true; os.Truncate(path, 0) != nil {
				t.Error("the file was not cut short")
			}
		}
	}), f)
	if !errors.Is(err, diffusion.ErrFileChanged) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want ErrFileChanged with %s", err, path)
	}
	if names := clitest.Written(t, f.Out); len(names) != 0 {
		t.Errorf("wrote %v", names)
	}
}
