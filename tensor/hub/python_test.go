package hub

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// unpack is a cache that Python's huggingface_hub 2.4.0 has made of this module's test server: by
// snapshot_download("maker/tiny", allow_patterns=["*.json", "*.txt", "*.fp16.safetensors"]).
func unpack(t *testing.T) string {
	t.Helper()
	f, err := os.Open("testdata/python_cache.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return root
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, filepath.FromSlash(h.Name))
		switch h.Typeflag {
		case tar.TypeDir:
			err = os.MkdirAll(path, 0o777)
		case tar.TypeSymlink:
			if err := os.Symlink(filepath.FromSlash(h.Linkname), path); err != nil {
				t.Skipf("there can be no links here: %v", err)
			}
		default:
			var data []byte
			if data, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, data, 0o666)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPythonsCache: what Python's client has fetched is found without the network, and only what it left out is fetched.
func TestPythonsCache(t *testing.T) {
	alone(t)
	o := Options{Cache: unpack(t), Offline: true}
	dir, err := Open(t.Context(), testRepo, o)
	if err != nil {
		t.Fatal(err)
	}
	if files := readTree(t, dir); len(files) != 6 || len(files["unet/diffusion_pytorch_model.fp16.safetensors"]) == 0 {
		t.Errorf("%d files", len(files))
	}
	all, err := Cached(o)
	if err != nil || len(all) != 1 || all[0].Snapshots[0].Lacks != "" || all[0].Snapshots[0].Refs[0] != "main" {
		t.Errorf("%+v, %v", all, err)
	}
	o.Variant = "none"
	if _, err := Open(t.Context(), testRepo, o); !errors.Is(err, ErrOffline) {
		t.Errorf("without a variant: %v", err)
	}
	files := readTree(t, dir)
	files["unet/diffusion_pytorch_model.safetensors"] = files["unet/diffusion_pytorch_model.fp16.safetensors"]
	s := newStub(t, files)
	o.Offline, o.Endpoint = false, s.URL
	p, err := look(t.Context(), testRepo, o)
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := p.Missing(); n != 1 {
		t.Errorf("%d files are missing, want 1", n)
	}
	if _, err := p.Fetch(t.Context(), nil); err != nil || len(s.asked(weightsExt)) != 0 { // its bytes are there, under the hash
		t.Errorf("%v, asked for %+v", err, s.asked(weightsExt))
	}
}
