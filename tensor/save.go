package tensor

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/nlpodyssey/safetensors"
	"github.com/x448/float16"
	gt "gorgonia.org/tensor"
)

// Save writes tensors of dtype Float32, Float16 and BFloat16 to a safetensors
// file, with metadata (which may be nil) in its header. The file has its name only
// when it is complete, and equal contents give equal bytes. A tensor of an open
// File may be saved, even over that file.
func Save(path string, tensors map[string]*gt.Dense, metadata map[string]string) error {
	views := make(map[string]view, len(tensors))
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		v, err := viewOf(tensors[name])
		if err != nil {
			return fmt.Errorf("%s: tensor %q: %w", path, name, err)
		}
		if name == "__metadata__" {
			return fmt.Errorf("%s: tensor %q: the format keeps this name for its metadata", path, name)
		}
		views[name] = v
	}
	return writeFile(path, func(f *os.File) error {
		return safetensors.SerializeToWriter(views, metadata, f)
	})
}

// WriteFile writes data to a file that has its name only when it is complete and on
// the disk: a program that is stopped leaves the old file, or none.
func WriteFile(path string, data []byte) error {
	return writeFile(path, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

// writeFile lets write fill a temporary file beside path, under a name that
// nobody else uses, and renames it.
func writeFile(path string, write func(*os.File) error) (err error) {
	f, err := CreateTemporary(filepath.Dir(path))
	if err != nil {
		return err
	}
	placed := false
	defer func() {
		if !placed {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	placed = true
	return SyncDir(filepath.Dir(path))
}

// view is a tensor as the safetensors library wants to see it. The library's
// own TensorView refuses scalars.
type view struct {
	dtype safetensors.DType
	shape []uint64
	data  []byte
}

func (v view) DType() safetensors.DType { return v.dtype }
func (v view) Shape() []uint64          { return v.shape }
func (v view) Data() []byte             { return v.data }
func (v view) DataLen() uint64          { return uint64(len(v.data)) }

func viewOf(d *gt.Dense) (view, error) {
	if d == nil {
		return view{}, errors.New("is nil")
	}
	shape := make([]uint64, d.Dims())
	for i, n := range d.Shape() {
		shape[i] = uint64(n)
	}
	switch d.Dtype() {
	case gt.Float32:
		return view{safetensors.F32, shape, memory(backing[float32](d))}, nil
	case Float16:
		return view{safetensors.F16, shape, memory(backing[float16.Float16](d))}, nil
	case BFloat16:
		return view{safetensors.BF16, shape, memory(backing[BF16](d))}, nil
	}
	return view{}, fmt.Errorf("dtype %v cannot be written; want float32, Float16 or BF16", d.Dtype())
}
