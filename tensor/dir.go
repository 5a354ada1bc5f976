package tensor

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// Dir is a directory that a model or a part of one lies in: on the disk, or in
// an fs.FS, such as what a program has embedded. Weights on the disk are
// mapped; those of an fs.FS are read.
type Dir struct {
	fsys fs.FS  // nil for the disk
	path string // as fsys or the system takes it
}

// OnDisk is a directory of the operating system.
func OnDisk(path string) Dir { return Dir{path: path} }

// InFS is the directory that fsys is.
func InFS(fsys fs.FS) Dir { return Dir{fsys, "."} }

// String is the directory's path, in an fs.FS from its root.
func (d Dir) String() string { return d.path }

// Path is that of a file or directory in d, as errors have it.
func (d Dir) Path(name string) string {
	if d.fsys != nil {
		return path.Join(d.path, name)
	}
	return filepath.Join(d.path, name)
}

// Sub is a directory in d.
func (d Dir) Sub(name string) Dir { return Dir{d.fsys, d.Path(name)} }

// ReadFile reads a file of d. Its errors are those of package os: fs.ErrNotExist
// where there is none, and they have the file's Path.
func (d Dir) ReadFile(name string) ([]byte, error) {
	if d.fsys != nil {
		return fs.ReadFile(d.fsys, d.Path(name))
	}
	return os.ReadFile(d.Path(name))
}

// Exists tells whether there is something of this name in d.
func (d Dir) Exists(name string) bool {
	_, err := d.stat(name)
	return err == nil
}

func (d Dir) stat(name string) (fs.FileInfo, error) {
	if d.fsys != nil {
		return fs.Stat(d.fsys, d.Path(name))
	}
	return os.Stat(d.Path(name))
}

// entries lists d.
func (d Dir) entries() ([]fs.DirEntry, error) {
	if d.fsys != nil {
		return fs.ReadDir(d.fsys, d.path)
	}
	return os.ReadDir(d.path)
}

// Open opens a safetensors file of d: see the function Open. Of an fs.FS it
// holds a copy of the file, which nothing changes and Close lets go of.
func (d Dir) Open(name string) (*File, error) {
	path := d.Path(name)
	if d.fsys == nil {
		return Open(path)
	}
	data, err := d.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return inMemory(path, data)
}

// inMemory is a file with the contents data.
func inMemory(path string, data []byte) (*File, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("%s: %w", path, errEmpty)
	}
	h, err := parseHeader(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &File{path: path, data: data, header: h}, nil
}
