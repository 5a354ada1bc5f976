package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// refused runs a command that must be refused before anything is computed, and
// must leave a file as it is.
func refused(t *testing.T, name string, f flags, path string, says ...string) {
	t.Helper()
	before := readFile(t, path)
	ran := 0
	err := run(nn.WithTrace(t.Context(), func(nn.Executed) { ran++ }), f)
	for _, part := range append(says, path) {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: error %v, want one that mentions %q", name, err, part)
		}
	}
	if ran > 0 || !bytes.Equal(before, readFile(t, path)) {
		t.Errorf("%s: %d operations ran, or the file is another", name, ran)
	}
}

// TestNothingIsLost makes a picture, and others that would take its place.
func TestNothingIsLost(t *testing.T) {
	f := small(t)
	f.Steps, f.Image = 2, inputPicture
	_, path := runOne(t, f)
	first := readFile(t, path)
	if _, again := runOne(t, f); again != path || !bytes.Equal(first, readFile(t, path)) {
		t.Error("the same command makes another file")
	}
	for name, c := range map[string]struct {
		change func(f *flags)
		says   string
	}{
		"guidance": {func(f *flags) { f.Guidance = 3 }, "--guidance was 5 and is 3"},
		"negative": {func(f *flags) { f.Negative = "" }, "--negative was blurry and is not given"},
		"picture":  {func(f *flags) { f.Image = filepath.Join("testdata", "ddim.png") }, "--image was the picture"},
		"mask":     {func(f *flags) { f.Mask = inputMask }, "--mask was not given and is the mask"},
		"hyphen":   {func(f *flags) { f.Prompt = "a-photo of a cat" }, "--prompt was a photo of a cat"},
		"model": {func(f *flags) {
			f.Model = filepath.Join(t.TempDir(), "a")
			if err := os.CopyFS(f.Model, os.DirFS(modelA)); err != nil {
				t.Fatal(err)
			}
		}, "--model was a, "},
	} {
		other := f
		c.change(&other)
		refused(t, name, other, path, "other options", c.says, "--overwrite")
	}
	f.Guidance, f.Overwrite = 3, true
	if runOne(t, f); bytes.Equal(first, readFile(t, path)) {
		t.Error("--overwrite replaces nothing")
	}
	mine := images.Text{Key: "parameters", Value: "mine"}
	if err := images.WritePNGText(path, readPicture(t, path), []images.Text{mine}); err != nil {
		t.Fatal(err)
	}
	refused(t, "another program's", f, path, "not known to be a picture of this program")
}

// TestOtherConfiguration: the same weights make another picture where the model's
// scheduler is another.
func TestOtherConfiguration(t *testing.T) {
	f := small(t)
	f.Steps, f.Model = 2, filepath.Join(t.TempDir(), "a")
	if err := os.CopyFS(f.Model, os.DirFS(modelA)); err != nil {
		t.Fatal(err)
	}
	_, path := runOne(t, f)
	scheduler := filepath.Join(f.Model, "scheduler", "scheduler_config.json")
	if err := os.WriteFile(scheduler, bytes.Replace(readFile(t, scheduler), []byte("0.012"), []byte("0.02"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "another scheduler", f, path, "the configuration of --model was ")
}

// TestPicturesOfEarlierVersions have no seal; the same picture may be made again.
func TestPicturesOfEarlierVersions(t *testing.T) {
	f := small(t)
	f.Steps = 1
	m, path := runOne(t, f)
	texts, err := images.ReadPNGText(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := images.WritePNGText(path, m, texts[:1]); err != nil {
		t.Fatal(err)
	}
	other := f
	other.Steps = 2
	refused(t, "other options", other, path, "not known to be a picture of this program")
	runOne(t, f)
}

// TestPreviewOfOthers is not overwritten; the program's own is.
func TestPreviewOfOthers(t *testing.T) {
	f := small(t)
	f.Steps, f.Every = 2, 1
	runAll(t, f)
	runAll(t, f)
	path := filepath.Join(f.Out, show.PreviewName)
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "preview", f, path, "not known to be a picture of this program")
}

// TestHeldFolder is refused to a second run.
func TestHeldFolder(t *testing.T) {
	f := small(t)
	d, err := files.Hold(f.Out)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Release()
	if err := run(t.Context(), f); !errors.Is(err, files.ErrHeld) {
		t.Errorf("%v, want ErrHeld", err)
	}
}

// TestManySeeds are bounded, and looked through only until the run is cancelled.
func TestManySeeds(t *testing.T) {
	for n, good := range map[int]bool{0: false, 1: true, 1_000_000: true, 1_000_001: false, math.MaxInt: false} {
		f := small(t)
		f.N = n
		if err := f.Validate(); (err == nil) != good || err != nil && !strings.Contains(err.Error(), fmt.Sprintf("--n is %d, want 1 to 1000000", n)) {
			t.Errorf("%d: %v", n, err)
		}
	}
	f := small(t)
	f.N = 1_000_000
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, f); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	if names := clitest.Written(t, f.Out); len(names) > 0 {
		t.Errorf("left %v", names)
	}
}
