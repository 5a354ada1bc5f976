package tensor

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"unsafe"

	"github.com/edsrzf/mmap-go"
	"github.com/x448/float16"
	gt "gorgonia.org/tensor"
)

// File is one open safetensors file. Its tensors are read in place, from
// memory that is mapped to the file: opening takes no time, processes share
// the memory, and what is never used is never read. (A file of an fs.FS, and one
// that Read has read, is in memory instead, and nothing changes it.)
//
// Its methods, but Close, may be called from several goroutines at once.
//
// Who writes to a file that is open changes its tensors, and who cuts it short
// takes their memory away: reading them then is a fault, which ends the program
// unless debug.SetPanicOnFault makes it a panic. Changed notices that, but only
// afterwards. So replace a model's file by renaming a new one over it, as Save
// does: the one that is open stays what it was until Close.
type File struct {
	path    string
	mapped  *watched  // what mapping is of, nil for a file in memory
	mapping mmap.MMap // nil for a file in memory
	data    []byte    // the whole file, nil once it is closed
	header  header
}

// Info describes a tensor of a file.
type Info struct {
	Dtype string // the format's own name: "F16", "BF16", "F32", "I64", ...
	Shape []int  // empty for a scalar
	Bytes int    // size of the data
}

// Open opens a safetensors file and checks its header against the file. It is
// ErrDamaged, and names the tensor, where the header is malformed or larger than
// any model's, names a tensor twice, or has offsets that overlap, leave holes, do
// not fit the shape or lie outside the file; so it is where there is something
// else than a regular file.
func Open(path string) (*File, error) {
	f, err := openMapped(path)
	if err != nil {
		return nil, err
	}
	// The header is read, so that a page that is not there is an error.
	begin := make([]byte, min(len(f.data), mostBegin))
	if _, err = f.mapped.ReadAt(begin, 0); err == nil {
		f.header, err = parseHeader(begin, int64(len(f.data)))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return f, nil
}

// openMapped maps a whole file read-only.
func openMapped(path string) (*File, error) {
	handle, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: path}
	switch size := info.Size(); {
	case size == 0:
		err = fmt.Errorf("%s: %w", path, errEmpty)
	case size > math.MaxInt:
		err = fmt.Errorf("%s: %d bytes are more than this machine can address", path, size)
	default:
		if f.mapping, err = mmap.Map(handle, mmap.RDONLY, 0); err != nil {
			err = fmt.Errorf("%s: cannot be mapped into memory: %w", path, err)
		}
	}
	if err == nil {
		f.data = f.mapping
		f.mapped, err = watch(path, handle)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), handle.Close())
	}
	return f, nil
}

// Read reads a safetensors file of at most the given number of bytes into memory,
// with the checks of Open. It is for small files that come and go, such as a
// program's own: nothing that happens to the file later changes the tensors, and
// a disk that fails is an error of Read.
func Read(path string, most int64) (*File, error) {
	handle, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	data, err := readAll(handle, path, most)
	if err = errors.Join(err, handle.Close()); err != nil {
		return nil, err
	}
	return inMemory(path, data)
}

// inMemory is a file with the contents data.
func inMemory(path string, data []byte) (*File, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("%s: %w", path, errEmpty)
	}
	h, err := parseHeader(data, int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &File{path: path, data: data, header: h}, nil
}

var errEmpty = damaged(errors.New("the file is empty; want a .safetensors file"))

// Names returns the names of all tensors, sorted.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.header.tensors)) }

// Info describes a tensor without reading it, and reports whether the file has one
// of that name.
func (f *File) Info(name string) (Info, bool) {
	e, ok := f.header.tensors[name]
	if !ok {
		return Info{}, false
	}
	return Info{e.dtype, slices.Clone(e.shape), e.bytes()}, true
}

// Metadata returns the texts that the header holds beside the tensors, such as
// "format": "pt", by their names.
func (f *File) Metadata() map[string]string { return maps.Clone(f.header.metadata) }

// Paths returns the file's path, as the only one.
func (f *File) Paths() []string { return []string{f.path} }

// Get returns a tensor. F32, F16 and BF16 are not copied: the result is over
// the mapped file, must not be written to, and is invalid after Close. Where
// the file has put the data at an odd address, it is copied. F64 is rounded to
// float32. Other dtypes, which are integers or have less than 16 bits, are
// ErrDamaged, and so is a tensor without numbers (some dimension is 0).
func (f *File) Get(name string) (*gt.Dense, error) {
	if f.data == nil {
		return nil, fmt.Errorf("%s: tensor %q: the file is closed", f.path, name)
	}
	e, ok := f.header.tensors[name]
	if !ok {
		return nil, fmt.Errorf("%s: no tensor %q", f.path, name)
	}
	if e.start == e.end {
		return nil, damaged(fmt.Errorf("%s: tensor %q: shape %v holds no numbers", f.path, name, e.shape))
	}
	data := f.data[f.header.size:][e.start:e.end:e.end]
	if e.steps != nil {
		data = e.gathered(data)
	}
	switch e.dtype {
	case "F32":
		return dense(numbers[float32](data), e.shape), nil
	case "F16":
		return dense(numbers[float16.Float16](data), e.shape), nil
	case "BF16":
		return dense(numbers[BF16](data), e.shape), nil
	case "F64":
		return dense(convert(numbers[float64](data), func(v float64) float32 { return float32(v) }), e.shape), nil
	}
	return nil, damaged(fmt.Errorf("%s: tensor %q: dtype %s is not read; convert to F16 (or to F32, BF16 or F64)", f.path, name, e.dtype))
}

// Forget gives the memory that a tensor takes in this process back to the system,
// which may keep it as its cache of the file. The tensor stays valid: reading it
// brings the memory back. Nothing happens where the file has no tensor of that
// name, for a file in memory, and on systems other than Unix.
func (f *File) Forget(name string) {
	if e, ok := f.header.tensors[name]; ok && f.mapping != nil {
		forget(f.mapping, f.header.size+int(e.start), f.header.size+int(e.end))
	}
}

// Close unmaps the file. Every tensor that Get returned is invalid from then
// on: reading one ends the program. Closing twice is harmless.
func (f *File) Close() error {
	f.data = nil
	var errs []error
	if f.mapping != nil {
		errs = append(errs, f.mapping.Unmap()) // sets f.mapping to nil
	}
	if f.mapped != nil {
		errs = append(errs, f.mapped.Close())
		f.mapped = nil
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%s: cannot be closed: %w", f.path, err)
	}
	return nil
}

// numbers reads bytes as numbers: in place, or in a copy where the processor
// or Go's pointer rules could not take them at their address.
func numbers[T float32 | float64 | float16.Float16 | BF16](data []byte) []T {
	size := unsafe.Sizeof(*new(T))
	n := len(data) / int(size)
	at := unsafe.Pointer(unsafe.SliceData(data))
	if uintptr(at)%size == 0 {
		return unsafe.Slice((*T)(at), n)
	}
	out := make([]T, n)
	copy(memory(out), data)
	return out
}

// memory returns the bytes of v, which is not copied.
func memory[T any](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(*new(T))))
}
