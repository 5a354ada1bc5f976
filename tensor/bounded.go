package tensor

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadUpTo reads a file of d that should be small, such as a configuration. One
// of more than limit bytes is an error that takes no memory, and so is what is
// no regular file, since a pipe or a device may have no end. Its other errors
// are those of ReadFile.
func (d Dir) ReadUpTo(name string, limit int64) ([]byte, error) {
	path := d.Path(name)
	info, err := d.stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: no regular file", path)
	case info.Size() > limit:
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", path, info.Size(), limit)
	}
	f, err := d.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit { // it has grown, or hides its size
		err = fmt.Errorf("%s: more than the %d bytes that it may have", path, limit)
	}
	return data, err
}

func (d Dir) open(name string) (fs.File, error) {
	if d.fsys != nil {
		return d.fsys.Open(d.Path(name))
	}
	return os.Open(d.Path(name))
}
