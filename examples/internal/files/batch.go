package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// File is a file to be written.
type File struct {
	Path string
	Data []byte
}

// WriteAll writes files that belong together: all of them under temporary names
// beside their places, and only when the last one is on the disk do they take
// their names, in the order given. If one cannot be written, because the disk
// is full for instance, none is, and what lay there before is as it was. A
// program that is killed between two names leaves a part of them, the last file
// not among them: it may tell that the others are complete.
func WriteAll(all ...File) (err error) {
	var temporary []string
	defer func() {
		if err != nil {
			for _, name := range temporary {
				os.Remove(name)
			}
		}
	}()
	for _, f := range all {
		name, err := writeTemporary(f)
		if err != nil {
			return err
		}
		temporary = append(temporary, name)
	}
	for i, f := range all {
		if err := os.Rename(temporary[i], f.Path); err != nil {
			return err
		}
	}
	return nil
}

// writeTemporary writes a file beside its place and returns its name.
func writeTemporary(file File) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(file.Path), "."+filepath.Base(file.Path)+".*")
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
		err = f.Chmod(0o644)
	}
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

// temporaryName is the form of the names that WriteAll, Write and MakeWritable
// use until a file is complete, and so does tensor.Save.
var temporaryName = regexp.MustCompile(`^\.(writable|.+\.(png|json|html|state))\.[0-9]+$`)

// Clean removes the temporary files that a killed program has left in a
// directory. Another program that writes into the directory just then is told
// that its file is gone.
func Clean(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type().IsRegular() && temporaryName.MatchString(e.Name()) {
			err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return err
}
