package diffusion

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

const embeddings = "testdata/embeddings/"

// ramp are vectors [n, d] of numbers that are easy to tell apart.
func ramp(n, d int) *gt.Dense {
	v := make([]float32, n*d)
	for i := range v {
		v[i] = float32(i)/8 - 3
	}
	return tensor.FromFloat32s(v, n, d)
}

// save writes a file of tensors into a folder of the test's.
func save(t *testing.T, name string, all map[string]*gt.Dense) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := tensor.Save(path, all, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestReadEmbedding reads words as diffusers, the web UI and others write them.
func TestReadEmbedding(t *testing.T) {
	for name, c := range map[string]struct {
		path, word, want string
		vectors          int
	}{
		"a vector, named by its tensor":           {embeddings + "cracked.safetensors", "", "<cracked>", 1},
		"float16, named by its file":              {embeddings + "golden-rust.safetensors", "", "golden-rust", 3},
		"bfloat16, with metadata":                 {embeddings + "dent.safetensors", "", "<dent>", 2},
		"another name, with a space":              {embeddings + "cracked.safetensors", "my token", "my token", 1},
		"another name in the place of the file's": {embeddings + "golden-rust.safetensors", "rust", "rust", 3},
		"as many as a prompt has tokens":          {save(t, "many.safetensors", map[string]*gt.Dense{"<m>": ramp(75, 2)}), "", "<m>", 75},
		"an extension in capitals":                {save(t, "Rust.v2.SAFETENSORS", map[string]*gt.Dense{"emb_params": ramp(1, 2)}), "", "Rust.v2", 1},
	} {
		e, err := ReadEmbedding(c.path, c.word)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if e.Word != c.want || e.Vectors.Dims() != 2 || e.Vectors.Shape()[0] != c.vectors || e.Vectors.Dtype() != gt.Float32 || e.Initial != "" {
			t.Errorf("%s: %q, initially %q, with vectors %v of %v, want %q with %d", name, e.Word, e.Initial, e.Vectors.Shape(), e.Vectors.Dtype(), c.want, c.vectors)
		}
	}
	rust, err := ReadEmbedding(embeddings+"golden-rust.safetensors", "")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(rust.Path); err != nil || fmt.Sprintf("%x", sha256.Sum256(data)) != rust.SHA256 {
		t.Errorf("it was read from %s, whose SHA-256 is %s: %v", rust.Path, rust.SHA256, err)
	}
	half := tensor.FromFloat32sAs(tensor.BFloat16, []float32{1.5, -2, 0.25, 8}, 2, 2)
	e, err := ReadEmbedding(save(t, "half.safetensors", map[string]*gt.Dense{"<h>": half}), "")
	if err != nil || !slices.Equal(tensor.Float32s(e.Vectors), []float32{1.5, -2, 0.25, 8}) {
		t.Errorf("bfloat16 is read as %v, %v", e, err)
	}
}

// TestReadEmbeddingRefuses reads what is no word.
func TestReadEmbeddingRefuses(t *testing.T) {
	one := func(d *gt.Dense) string { return save(t, "w.safetensors", map[string]*gt.Dense{"<w>": d}) }
	nan := ramp(2, 4)
	nan.Float32s()[5] = float32(math.NaN())
	wrote := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	many := map[string]*gt.Dense{}
	for _, c := range "abcdefghijklmnop" {
		many["lora_"+string(c)] = ramp(1, 2)
	}
	for name, c := range map[string]struct {
		path string
		kind error
		says []string
	}{
		"Stable Diffusion XL": {save(t, "xl.safetensors", map[string]*gt.Dense{"clip_l": ramp(2, 768), "clip_g": ramp(2, 1280)}), ErrNotStableDiffusion1,
			[]string{"clip_g", "clip_l", "Stable Diffusion XL"}},
		"half of Stable Diffusion XL": {save(t, "xl.safetensors", map[string]*gt.Dense{"clip_g": ramp(2, 1280)}), ErrNotStableDiffusion1, []string{"Stable Diffusion XL"}},
		"two words":                   {save(t, "two.safetensors", map[string]*gt.Dense{"<a>": ramp(1, 2), "<b>": ramp(1, 2)}), ErrDamaged, []string{"2 tensors", "<a>, <b>"}},
		"a LoRA":                      {save(t, "lora.safetensors", many), ErrDamaged, []string{"16 tensors", "lora_a", "lora_j, …"}},
		"nothing":                     {save(t, "none.safetensors", nil), ErrDamaged, []string{"no tensor"}},
		"NaN":                         {one(nan), ErrNotFinite, []string{`"<w>"`, "element 5"}},
		"too many":                    {one(ramp(76, 2)), ErrDamaged, []string{`"<w>"`, "76 vectors", "75"}},
		"no vector":                   {wrote("none.safetensors", "\x36\x00\x00\x00\x00\x00\x00\x00"+`{"<w>":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]}}`), ErrDamaged, []string{`"<w>"`}},
		"more dimensions":             {one(tensor.FromFloat32s(make([]float32, 8), 1, 2, 4)), ErrDamaged, []string{`"<w>"`, "(1, 2, 4)", "[n, d]"}},
		"no name":                     {save(t, "w.safetensors", map[string]*gt.Dense{" ": ramp(1, 2)}), ErrDamaged, []string{"empty", "what prompts are to call it"}},
		"pickle":                      {wrote("old.pt", "\x80\x02}q\x00"), ErrDamaged, []string{"pickle", "emb_params", "string_to_param", "old.safetensors"}},
		"pickle by another name":      {wrote("new.safetensors", "PK\x03\x04 and more"), ErrDamaged, []string{"pickle", "emb_params"}},
		"not there":                   {filepath.Join(t.TempDir(), "none.safetensors"), fs.ErrNotExist, []string{"none.safetensors"}},
		"no pickle there":             {filepath.Join(t.TempDir(), "none.pt"), fs.ErrNotExist, []string{"none.pt"}},
		"a folder":                    {t.TempDir(), ErrDamaged, []string{"directory"}},
	} {
		e, err := ReadEmbedding(c.path, "")
		if err == nil {
			t.Errorf("%s: is read as %q", name, e.Word)
			continue
		}
		if !errors.Is(err, c.kind) {
			t.Errorf("%s: %v is not %v", name, err, c.kind)
		}
		for _, part := range append(c.says, c.path) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v does not mention %q", name, err, part)
			}
		}
	}
}

// TestWriteEmbedding writes words and reads them back, also over a file that is there.
func TestWriteEmbedding(t *testing.T) {
	path := filepath.Join(t.TempDir(), "crack.safetensors")
	for _, e := range []*Embedding{
		{Word: "<crack>", Vectors: ramp(3, 768), Initial: "crack"},
		{Word: "my token", Vectors: ramp(1, 32)},
	} {
		if err := e.Write(path); err != nil {
			t.Fatal(err)
		}
		got, err := ReadEmbedding(path, "")
		if err != nil || got.Word != e.Word || got.Initial != e.Initial || !got.Vectors.Shape().Eq(e.Vectors.Shape()) ||
			!slices.Equal(tensor.Float32s(got.Vectors), tensor.Float32s(e.Vectors)) {
			t.Errorf("%q is read back as %v, %v", e.Word, got, err)
		}
		f, err := tensor.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if names := f.Names(); !slices.Equal(names, []string{e.Word}) {
			t.Errorf("the file has the tensors %q, want the word alone, which is all that others read", names)
		}
		m := f.Metadata()
		if want := e.Vectors.Shape()[1] == 768; (m[architectureKey] == "stable-diffusion-v1/textual-inversion") != want || m[triggerKey] != e.Word {
			t.Errorf("%q: metadata %q", e.Word, m)
		}
		f.Close()
	}
}

// TestWriteEmbeddingVector takes one vector without a first dimension, too.
func TestWriteEmbeddingVector(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := (&Embedding{Word: "w", Vectors: tensor.FromFloat32s([]float32{1, 2, 3}, 3)}).Write(path); err != nil {
		t.Fatal(err)
	}
	if e, err := ReadEmbedding(path, ""); err != nil || !e.Vectors.Shape().Eq(gt.Shape{1, 3}) {
		t.Errorf("%v, %v", e, err)
	}
}

// TestWriteEmbeddingRefuses leaves the file as it was.
func TestWriteEmbeddingRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := os.WriteFile(path, []byte("as it was"), 0o600); err != nil {
		t.Fatal(err)
	}
	infinite := ramp(1, 4)
	infinite.Float32s()[2] = float32(math.Inf(1))
	for name, e := range map[string]*Embedding{
		"nil": nil, "zero": {}, "no word": {Vectors: ramp(1, 2)}, "no vectors": {Word: "<w>"}, "infinite": {Word: "<w>", Vectors: infinite},
		"too many": {Word: "<w>", Vectors: ramp(76, 2)}, "shape": {Word: "<w>", Vectors: tensor.FromFloat32s(make([]float32, 8), 2, 2, 2)},
		"no text": {Word: "\xff", Vectors: ramp(1, 2)},
	} {
		if err := e.Write(path); !errors.Is(err, ErrArgument) {
			t.Errorf("%s: %v, want ErrArgument", name, err)
		}
	}
	if err := (&Embedding{Word: "<w>", Vectors: ramp(1, 2)}).Write(filepath.Join(path, "none")); err == nil || errors.Is(err, ErrArgument) {
		t.Errorf("where no file can be: %v", err)
	}
	if data, err := os.ReadFile(path); string(data) != "as it was" {
		t.Errorf("the file is %q, %v", data, err)
	}
}

// TestWrittenAsOthersRead makes the file that diffusers has read for testdata/goldens/a/prompt_ref.safetensors.
func TestWrittenAsOthersRead(t *testing.T) {
	e := &Embedding{Word: "<scratch>", Vectors: ramp(4, 32), Initial: "scratch"}
	for i, v := range e.Vectors.Float32s() {
		e.Vectors.Float32s()[i] = v / 8
	}
	path := filepath.Join(t.TempDir(), "scratch.safetensors")
	if err := e.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err1 := os.ReadFile(path)
	want, err2 := os.ReadFile(embeddings + "written.safetensors")
	if err := errors.Join(err1, err2); err != nil || !slices.Equal(got, want) {
		t.Errorf("the file has changed (%d bytes, were %d): %v; have diffusers read it again, testdata/make_goldens.py", len(got), len(want), err)
	}
}
