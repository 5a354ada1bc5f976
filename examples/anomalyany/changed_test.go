package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
)

// fillEnd overwrites the last bytes of a file with one byte.
func fillEnd(path string, b byte, n int) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(bytes.Repeat([]byte{b}, n), info.Size()-int64(n))
	}
	later := time.Now().Add(time.Hour)
	return errors.Join(err, f.Close(), os.Chtimes(path, later, later))
}

// TestWeightsChangeDuringARun does something to a file of weights as soon as
// the first of two pictures is there. It stays, with the hashes of what it was
// made with, and the run ends before it says anything of the second.
func TestWeightsChangeDuringARun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file in use cannot be changed")
	}
	const unet, vae, text = "unet/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"
	whole := small(t)
	whole.NoRefine = true
	runAll(t, whole)
	want := readRecord(t, whole, "hazelnut-crack-0000.json")
	for name, c := range map[string]struct {
		file   string
		meddle func(path string) error
		kind   error
	}{
		"other numbers":       {vae, func(path string) error { return fillEnd(path, 0, 64) }, diffusion.ErrFileChanged},
		"no numbers":          {unet, func(path string) error { return fillEnd(path, 0xff, 4096) }, diffusion.ErrFileChanged},
		"cut short":           {unet, func(path string) error { return os.Truncate(path, 100) }, diffusion.ErrFileChanged},
		"a file that is done": {text, func(path string) error { return os.Truncate(path, 0) }, diffusion.ErrFileChanged},
		"another file": {unet, func(path string) error {
			return errors.Join(os.WriteFile(path+".new", []byte("new"), 0o600), os.Rename(path+".new", path))
		}, diffusion.ErrFileReplaced},
	} {
		t.Run(name, func(t *testing.T) {
			f := small(t)
			f.Model, f.N, f.NoRefine, f.KeepEvery = t.TempDir(), 2, true, 1
			if err := os.CopyFS(f.Model, os.DirFS(modelA)); err != nil {
				t.Fatal(err)
			}
			path, done := filepath.Join(f.Model, filepath.FromSlash(c.file)), false
			ctx := nn.WithTrace(t.Context(), func(nn.Executed) {
				if done || !files.Exists(filepath.Join(f.Out, "hazelnut-crack-0000.json")) {
					return
				}
				if done = true; c.meddle(path) != nil {
					t.Error("nothing was done to the file")
				}
			})
			err := run(ctx, f)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want %v with %s", err, c.kind, path)
			}
			const first = "hazelnut-crack-0000.png"
			if !bytes.Equal(readPicture(t, f, first).Pix, readPicture(t, whole, first).Pix) {
				t.Error("the first picture is another")
			}
			got := readRecord(t, f, "hazelnut-crack-0000.json").Model
			if len(got) != len(want.Model) {
				t.Errorf("hashes of %d files, want %d", len(got), len(want.Model))
			}
			for of, hash := range want.Model {
				at, err := filepath.Rel(modelA, of)
				if err != nil || got[filepath.Join(f.Model, at)] != hash {
					t.Errorf("%s has the hash %q in the record, want %q", at, got[filepath.Join(f.Model, at)], hash)
				}
			}
			for _, file := range clitest.Written(t, f.Out) {
				if strings.Contains(file, "0001") {
					t.Errorf("there is %s", file)
				}
			}
		})
	}
}
