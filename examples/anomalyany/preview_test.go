package main

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// tinyFolder has a tiny autoencoder for latents of the small model's shape.
const tinyFolder = "../../vae/testdata/taesd"

// TestPreview shows a picture under way, by the linear map and by a tiny autoencoder: the picture stays as it is, and
// what is told of it.
func TestPreview(t *testing.T) {
	f := small(t)
	names := runAll(t, f)
	want := readPicture(t, f, "hazelnut-crack-0000.png")
	for taesd, size := range map[string]image.Point{"": image.Pt(8, 8), tinyFolder: image.Pt(64, 64)} {
		f.Out, f.Every, f.TAESD = filepath.Join(t.TempDir(), "out"), 2, taesd
		if diff := cmp.Diff(slices.Sorted(slices.Values(append(slices.Clone(names), "preview.png"))), runAll(t, f)); diff != "" {
			t.Errorf("%q: files (-want +got):\n%s", taesd, diff)
		}
		if !cmp.Equal(want.Pix, readPicture(t, f, "hazelnut-crack-0000.png").Pix) {
			t.Errorf("%q: the preview changes the picture", taesd)
		}
		if got := readPicture(t, f, "preview.png").Rect.Size(); got != size {
			t.Errorf("%q: the preview is %v, want %v", taesd, got, size)
		}
		record, err := os.ReadFile(filepath.Join(f.Out, "hazelnut-crack-0000.json"))
		if err != nil || strings.Contains(string(record), "taesd") || strings.Contains(string(record), "preview") {
			t.Errorf("%q: the record tells of the preview (%v)", taesd, err)
		}
	}
}

// TestPreviewOfTheSmallModel, whose latents have 16 channels, is decoded by the model itself.
func TestPreviewOfTheSmallModel(t *testing.T) {
	if embedded == nil {
		t.Skip("no small model")
	}
	f := small(t)
	f.Model, f.Size, f.Every, f.NoRefine = "", 64, 2, true
	runAll(t, f)
	if got := readPicture(t, f, "preview.png").Rect.Size(); got != image.Pt(64, 64) {
		t.Errorf("the preview is %v", got)
	}
}

// TestPreviewOfOthers is not overwritten, and nothing is made.
func TestPreviewOfOthers(t *testing.T) {
	f := small(t)
	f.Every = 1
	if err := os.MkdirAll(f.Out, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := images.WritePNG(filepath.Join(f.Out, "preview.png"), image.NewRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), f)
	if err == nil || !strings.Contains(err.Error(), "preview.png is not known to be a picture of this program") {
		t.Errorf("error %v", err)
	}
	if names := clitest.Written(t, f.Out); len(names) != 1 {
		t.Errorf("wrote %v", names)
	}
}

// TestPreviewMistakes refuses what shows nothing.
func TestPreviewMistakes(t *testing.T) {
	for want, change := range map[string]func(f *Spec){
		"--preview is -1, want 0 to 1000":       func(f *Spec) { f.Every = -1 },
		"--taesd decodes previews":              func(f *Spec) { f.TAESD = tinyFolder },
		"--preview shows how a picture is made": func(f *Spec) { f.Every, f.Drawn = 1, true },
	} {
		f := small(t)
		change(&f)
		if err := f.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	f := small(t)
	f.Every, f.TAESD = 1, "../../testdata/models/a"
	if err := run(t.Context(), f); !errors.Is(err, os.ErrNotExist) || !strings.Contains(fmt.Sprint(err), "a tiny autoencoder for Stable Diffusion 1.x is one of") {
		t.Errorf("no tiny autoencoder: %v", err)
	}
}
