package diffusion

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestHashes are those of the files that are open: of all, and of one that
// another has taken the place of since.
func TestHashes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file in use cannot be replaced")
	}
	dir := copyModel(t)
	p := openModel(t, dir)
	want := map[string]string{}
	for _, path := range p.Files() {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		want[path] = hex.EncodeToString(sum[:])
	}
	if len(want) != 4 {
		t.Fatalf("the model has the files %q, want 4", p.Files())
	}
	if err := p.Changed(); err != nil {
		t.Errorf("untouched: %v", err)
	}
	vae := filepath.Join(dir, "vae", "diffusion_pytorch_model.safetensors")
	if err := errors.Join(os.WriteFile(vae+".new", []byte("another"), 0o600), os.Rename(vae+".new", vae)); err != nil {
		t.Fatal(err)
	}
	got, err := p.Hashes(t.Context())
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := p.Changed(); !errors.Is(err, ErrFileReplaced) || !strings.Contains(err.Error(), vae) {
		t.Errorf("renamed over: %v, want ErrFileReplaced with the path", err)
	}
	if _, err := p.Decode(t.Context(), randomLatent(1)); err != nil {
		t.Errorf("the old file is still there for who has opened it: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Hashes(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	_, err = p.Hashes(t.Context())
	if err := errors.Join(err, p.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Hashes(t.Context()); !errors.Is(err, ErrClosed) || !errors.Is(p.Changed(), ErrClosed) {
		t.Errorf("closed: %v and %v, want ErrClosed", err, p.Changed())
	}
}

// TestChangedInPlace overwrites a part of the weights with other finite numbers,
// which nothing but Changed and Hashes can notice.
func TestChangedInPlace(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file in use cannot be changed")
	}
	for _, part := range []string{"unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model", "clip/model"} {
		dir := copyModel(t)
		p := openModel(t, dir)
		path := filepath.Join(dir, filepath.FromSlash(part)+".safetensors")
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		later := info.ModTime().Add(time.Second)
		_, err = f.WriteAt(bytes.Repeat([]byte{0}, 64), info.Size()-64)
		if err := errors.Join(err, f.Close(), os.Chtimes(path, later, later)); err != nil {
			t.Fatal(err)
		}
		_, err = p.Hashes(t.Context())
		for call, err := range map[string]error{"Changed": p.Changed(), "Hashes": err} {
			if !errors.Is(err, ErrFileChanged) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %s: %v, want ErrFileChanged with the path", part, call, err)
			}
		}
	}
}
