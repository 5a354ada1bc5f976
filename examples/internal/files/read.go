package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/sdgraph/sdgraph/tensor"
)

// Read reads a regular file of at most so many bytes. A pipe, a device or a
// folder in its place is an error and is not opened, for that may take for ever.
func Read(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := CheckRegular(path, info); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s has %d bytes, want at most %d", path, max(info.Size(), most+1), most)
	}
	return data, nil
}

// OpenPlain opens a regular file for reading. A link is not followed, and like a
// pipe, a device or a folder an error.
func OpenPlain(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if err := CheckRegular(path, info); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, errors.Join(fmt.Errorf("%s was replaced while it was opened", path), err, f.Close())
	}
	return f, nil
}

// CheckRegular refuses what is not a regular file, and says what it is.
func CheckRegular(path string, info fs.FileInfo) error {
	if mode := info.Mode(); !mode.IsRegular() {
		return fmt.Errorf("%s is %s, want a regular file", path, tensor.Kind(mode))
	}
	return nil
}
