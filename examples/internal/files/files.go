// Package files is what the programs do with files besides reading them.
package files

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/sdgraph/sdgraph/tensor"
)

// Write writes data to path in one piece: to a temporary file in the same
// directory, then by renaming. A program that is stopped leaves the old file or
// none.
func Write(path string, data []byte) error { return WriteAll(File{Path: path, Data: data}) }

// MakeWritable makes a directory, unless it is there, and checks whether files can
// be written into it: better before hours of work than after.
func MakeWritable(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := tensor.CreateTemporary(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Exists reports whether there is something at path.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Hash is the SHA-256 of a file, in hexadecimal. It refuses what is no regular file: a pipe can be read only once,
// and nobody may be writing into it.
func Hash(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("this is %s; give a file", tensor.Kind(info.Mode()))}
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
