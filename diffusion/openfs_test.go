package diffusion

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
)

// TestOpenFS wants the same bits from an fs.FS as from the disk: of a prompt, a
// prediction, a picture and CLIP.
func TestOpenFS(t *testing.T) {
	for _, dir := range []string{modelA, modelB} {
		mapped := openModel(t, dir)
		read, err := OpenFS(t.Context(), os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		if read.Dir != "." || read.CLIPDir != "clip" || len(read.Files()) != len(mapped.Files()) {
			t.Errorf("%s: opened from %q and %q, files %v", dir, read.Dir, read.CLIPDir, read.Files())
		}
		for i, path := range read.Files() {
			if want := mapped.Files()[i]; filepath.Join(dir, filepath.FromSlash(path)) != want {
				t.Errorf("file %q of the FS is %q on the disk", path, want)
			}
		}
		if diff := cmp.Diff(mapped.Scheduler, read.Scheduler); diff != "" {
			t.Errorf("%s: scheduler, disk (-), fs (+):\n%s", dir, diff)
		}
		if diff := cmp.Diff(everything(t, mapped), everything(t, read)); diff != "" {
			t.Errorf("%s: disk (-), fs (+):\n%s", dir, diff)
		}
		if err := read.Close(); err != nil {
			t.Error(err)
		}
		if _, err := read.Encode(t.Context(), "a nut"); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v, want ErrClosed", err)
		}
	}
}

// everything is what each part of a model computes of some input.
func everything(t *testing.T, p *Pipeline) map[string][]float32 {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, c, n := t.Context(), p.VAE.Config.LatentChannels, p.Multiple()/p.Factor()
	all := map[string][]float32{}
	e, err := p.Encode(ctx, "a photo of a hazelnut with a crack on it")
	must(err)
	z := NewLatent(tensor.NewRand(1).Randn(c*n*n), c, n, n)
	step, err := p.Compile(n, n)
	must(err)
	eps, err := step.Denoise(ctx, z, 500, Guidance{Prompt: e, Negative: e, Scale: 1})
	must(err)
	picture, err := p.Decode(ctx, z)
	must(err)
	mean, err := p.EncodeImage(ctx, picture)
	must(err)
	seen, err := p.CLIPImage(ctx, picture)
	must(err)
	read, err := p.CLIPText(ctx, "a hazelnut")
	must(err)
	all["text"], all["noise"], all["picture"] = tensor.Float32s(e.Hidden), eps.Floats(), tensor.Float32s(picture)
	all["latent"], all["CLIP image"], all["CLIP text"] = mean.Floats(), tensor.Float32s(seen), tensor.Float32s(read)
	return all
}

// TestOpenFSRefuses what Open refuses, in the same words but for the paths.
func TestOpenFSRefuses(t *testing.T) {
	for _, c := range badDirectories {
		s := spoiled{t, copyModel(t)}
		c.spoil(s)
		_, onDisk := Open(t.Context(), s.dir)
		p, err := OpenFS(t.Context(), os.DirFS(s.dir))
		if err == nil || p != nil {
			t.Errorf("%s: it opens (%v)", c.name, err)
			continue
		}
		want := strings.ReplaceAll(filepath.ToSlash(onDisk.Error()), filepath.ToSlash(s.dir)+"/", "")
		want = strings.ReplaceAll(want, filepath.ToSlash(s.dir), ".")
		if diff := cmp.Diff(want, err.Error()); diff != "" {
			t.Errorf("%s: disk (-), fs (+):\n%s", c.name, diff)
		}
	}
	if _, err := OpenFS(t.Context(), os.DirFS(filepath.Join(t.TempDir(), "none"))); err == nil || !strings.Contains(err.Error(), "has no unet/") {
		t.Errorf("a directory that is not there: %v", err)
	}
}

// TestOpenFSElsewhere takes CLIP and the tokenizer from the disk, as the options
// say, and the rest from a part of an fs.FS.
func TestOpenFSElsewhere(t *testing.T) {
	fsys, err := fs.Sub(os.DirFS(filepath.Dir(modelA)), filepath.Base(modelA))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(modelB, "clip")
	p, err := OpenFS(t.Context(), fsys, WithCLIPDir(elsewhere), WithTokenizerDir(filepath.Join(modelA, "tokenizer")))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.CLIPDir != elsewhere || p.Tokenizer.Size() != openModel(t, modelA).Tokenizer.Size() {
		t.Errorf("CLIP is from %q, the tokenizer has %d tokens", p.CLIPDir, p.Tokenizer.Size())
	}
}
