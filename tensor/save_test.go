package tensor

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	gt "gorgonia.org/tensor"
)

// TestSaveIsReadBack writes what Save can write and reads it with Open.
func TestSaveIsReadBack(t *testing.T) {
	v := []float32{1, -2, 0.5, 65504, 3, 4}
	transposed := FromFloat32sAs(Float16, v, 2, 3)
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	tensors := map[string]*gt.Dense{
		"f32": FromFloat32s(v, 3, 2), "f16": FromFloat32sAs(Float16, v, 6), "bf16": FromFloat32sAs(BFloat16, v, 1, 6),
		"scalar": FromFloat32s(v[:1]), "half scalar": FromFloat32sAs(Float16, v[:1]),
		"transposed": transposed, "name <&> \"quoted\" é": FromFloat32s(v, 6),
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	metadata := map[string]string{"format": "pt", "note": "a\nb"}
	if err := Save(path, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	if len(f.Names()) != len(tensors) {
		t.Errorf("%d names, want %d: %q", len(f.Names()), len(tensors), f.Names())
	}
	if diff := cmp.Diff(metadata, f.Metadata()); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	for name, want := range tensors {
		got, err := f.Get(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if got.Dtype() != want.Dtype() || !got.Shape().Eq(want.Shape()) {
			t.Errorf("%s: %v%v, want %v%v", name, got.Dtype(), got.Shape(), want.Dtype(), want.Shape())
		}
		if diff := cmp.Diff(Float32s(want), Float32s(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSaveWritesTheFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	err := Save(path, map[string]*gt.Dense{"b": FromFloat32s([]float32{1}, 1), "a": FromFloat32sAs(BFloat16, []float32{2}, 1)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := file(`{"a":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}    `, 0)
	want = append(want, 0, 0, 0x80, 0x3f, 0, 0x40)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSaveIsDeterministic(t *testing.T) {
	dir := t.TempDir()
	var first []byte
	for i := range 20 {
		tensors := map[string]*gt.Dense{}
		for name := 'a'; name <= 'z'; name++ {
			tensors[string(name)] = FromFloat32sAs(dtypes[name%3], []float32{float32(name)}, 1)
		}
		path := filepath.Join(dir, "m.safetensors")
		if err := Save(path, tensors, map[string]string{"x": "1", "y": "2", "z": "3"}); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = content
		} else if !bytes.Equal(first, content) {
			t.Fatal("the same tensors gave another file")
		}
	}
}

// TestSaveOverItsOwnSource replaces the file whose mapping backs the tensor.
func TestSaveOverItsOwnSource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := Save(path, map[string]*gt.Dense{"a": FromFloat32s([]float32{1, 2}, 2)}, nil); err != nil {
		t.Fatal(err)
	}
	f := open(t, path)
	a, err := f.Get("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(path, map[string]*gt.Dense{"b": a}, nil); err != nil {
		t.Skip(err) // Windows keeps a mapped file in its place
	}
	if diff := cmp.Diff([]float32{1, 2}, Float32s(a)); diff != "" {
		t.Errorf("the open tensor changed:\n%s", diff)
	}
	if names := open(t, path).Names(); !cmp.Equal(names, []string{"b"}) {
		t.Errorf("the new file holds %q", names)
	}
}

func TestSaveRefuses(t *testing.T) {
	good := FromFloat32s([]float32{1}, 1)
	for name, c := range map[string]struct {
		tensors map[string]*gt.Dense
		want    string
	}{
		"nil":      {map[string]*gt.Dense{"a": nil}, `tensor "a": is nil`},
		"dtype":    {map[string]*gt.Dense{"a": good, "b": gt.New(gt.Of(gt.Int), gt.WithShape(1))}, `tensor "b": dtype int cannot be written; want float32, Float16 or BF16`},
		"reserved": {map[string]*gt.Dense{"__metadata__": good}, "the format keeps this name for its metadata"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "m.safetensors")
			wantError(t, Save(path, c.tensors, nil), c.want, path)
		})
	}
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	wantError(t, Save(filepath.Join(nowhere, "m.safetensors"), nil, nil), nowhere)
}

// TestFailedWriteLeavesNothing breaks off in the middle of a file.
func TestFailedWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := write(t, dir, "m.safetensors", []byte("old"))
	full := errors.New("disk full")
	err := writeFile(path, func(f *os.File) error {
		if _, err := f.WriteString("new"); err != nil {
			return err
		}
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("error is %v", err)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != "old" {
		t.Errorf("the old file holds %q, %v", content, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
