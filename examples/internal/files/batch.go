package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sdgraph/sdgraph/tensor"
)

// File is a file to be written, or with Remove one to be removed if it is there.
type File struct {
	Path   string
	Data   []byte
	Remove bool
}

// WriteAll writes files that belong together: all of them under temporary names
// beside their places, and only when the last one is on the disk do they take
// their names, in the order given, and are others removed. If one cannot be
// written, because the disk is full for instance, none is, and what lay there
// before is as it was. A program that is killed between two names leaves a part
// of them, the last file not among them: it may tell that the others are
// complete. A link at one of the names is replaced, not followed.
func WriteAll(all ...File) (err error) {
	temporary := make([]string, len(all))
	defer func() {
		if err != nil {
			for _, name := range temporary {
				os.Remove(name)
			}
		}
	}()
	for i, f := range all {
		if f.Remove {
			continue
		}
		if temporary[i], err = writeTemporary(f); err != nil {
			return err
		}
	}
	for i, f := range all {
		if err := f.place(temporary[i]); err != nil {
			return err
		}
		if Changed != nil {
			Changed(f.Path)
		}
	}
	return syncDirs(all)
}

// Changed, if it is not nil, is told of each file that has got its name or was
// removed. Tests stop a program there.
var Changed func(path string)

// place gives a file its name, or removes it.
func (f File) place(temporary string) error {
	if !f.Remove {
		return os.Rename(temporary, f.Path)
	}
	if err := os.Remove(f.Path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncDirs brings the names to the disk.
func syncDirs(all []File) error {
	done := map[string]bool{}
	for _, f := range all {
		if dir := filepath.Dir(f.Path); !done[dir] {
			done[dir] = true
			if err := tensor.SyncDir(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeTemporary writes a file beside its place and returns its name.
func writeTemporary(file File) (name string, err error) {
	f, err := tensor.CreateTemporary(filepath.Dir(file.Path))
	if err != nil {
		return "", naming(file.Path, err)
	}
	err = fill(f, file.Data)
	if err != nil {
		os.Remove(f.Name())
		return "", naming(file.Path, err)
	}
	return f.Name(), nil
}

// fill writes all of a file, to the disk, and closes it.
func fill(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// naming lets an error name the file that is meant, not the temporary one.
func naming(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return &fs.PathError{Op: p.Op, Path: path, Err: p.Err}
	}
	return err
}

// Clean removes the temporary files and directories that a killed program has
// left in a directory, which nobody else may be writing into.
func Clean(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if (e.Type().IsRegular() || e.IsDir()) && tensor.IsTemporary(e.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}
