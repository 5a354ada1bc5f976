package files

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Holdings are the files of a folder that are a program's own: by name, relative
// to the folder and with slashes, the SHA-256 of what the program wrote; several
// where one was being replaced by another when the program ended.
type Holdings map[string][]string

// SHA256 is that of data, in hexadecimal.
func SHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Check refuses the names under which something lies that is not the program's
// own, or was changed since the program wrote it: it would be lost.
func (h Holdings) Check(f *Folder, names ...string) error {
	for _, name := range names {
		if err := h.check(f.Path(name), name); err != nil {
			return err
		}
	}
	return nil
}

func (h Holdings) check(path, name string) error {
	hash, err := HashPlain(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%w; it would be overwritten: move it away, or give another --out", err)
	case len(h[name]) == 0:
		return fmt.Errorf("%s is not known to be a file of this program, and would be overwritten: move it away, or give another --out", path)
	case !slices.Contains(h[name], hash):
		return fmt.Errorf("%s was changed since this program wrote it, and would be overwritten: move it away, or give another --out", path)
	}
	h[name] = []string{hash}
	return nil
}

// HashPlain is the SHA-256 of a regular file; a link is not followed, and like a
// folder, a pipe or a device an error.
func HashPlain(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if err := CheckRegular(path, info); err != nil {
		return "", err
	}
	return Hash(path)
}

// Replace says of a file that is about to be written, or with data of nil
// removed, that it may be the new or the old one. Written says that it is there.
func (h Holdings) Replace(name string, data []byte) {
	versions := []string{}
	if data != nil {
		versions = append(versions, SHA256(data))
	}
	for _, old := range h[name] {
		if !slices.Contains(versions, old) && len(versions) < mostVersions {
			versions = append(versions, old)
		}
	}
	h[name] = versions
}

// Written forgets what a file was before it was replaced, or that it was there.
func (h Holdings) Written(name string, removed bool) {
	if removed {
		delete(h, name)
	} else if len(h[name]) > 1 {
		h[name] = h[name][:1]
	}
}

// mostVersions is how often a file may have been replaced by runs each of which
// was killed while it did so.
const mostVersions = 4

// CheckNames refuses holdings that no program of ours would write, before any of
// their names is used.
func (h Holdings) CheckNames() error {
	for name, hashes := range h {
		for part := range strings.SplitSeq(name, "/") {
			if err := CheckPlain(part); err != nil {
				return fmt.Errorf("the file %q: %w", name, err)
			}
		}
		if len(hashes) > mostVersions || slices.ContainsFunc(hashes, func(s string) bool { return !IsSHA256(s) }) {
			return fmt.Errorf("the file %q: it has no SHA-256", name)
		}
	}
	return nil
}

// IsSHA256 reports whether s is one in hexadecimal.
func IsSHA256(s string) bool {
	data, err := hex.DecodeString(s)
	return err == nil && len(data) == sha256.Size
}
