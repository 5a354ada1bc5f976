package files

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Identity is everything that makes a picture what it is but its seed: option
// or file, and its value. Two pictures of one identity and seed are the same.
type Identity map[string]string

// Differences tells in which options id is not before, for people.
func (id Identity) Differences(before Identity) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(id)) {
		if was := before[name]; was != id[name] {
			all = append(all, fmt.Sprintf("%s was %s and is %s", name, orNotGiven(was), orNotGiven(id[name])))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := id[name]; !ok {
			all = append(all, fmt.Sprintf("%s was %s and is not known", name, before[name]))
		}
	}
	return all
}

// orNotGiven is a value for people; one that fills the screen says nothing.
func orNotGiven(value string) string {
	const most = 200
	switch {
	case value == "":
		return "not given"
	case len(value) > most:
		return strings.ToValidUTF8(value[:most], "") + "…"
	}
	return value
}

// Hash is the same for equal identities.
func (id Identity) Hash() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(id)) {
		fmt.Fprintf(h, "%q=%q\n", name, id[name])
	}
	return Short(hex.EncodeToString(h.Sum(nil)))
}

// Short is enough of a hash to tell files apart for people, and for pictures of
// one program.
func Short(hash string) string { return hash[:min(len(hash), 16)] }

// Together is one hash of several files' hashes, whatever the files are called.
func Together(hashes map[string]string) string {
	h := sha256.New()
	for _, one := range slices.Sorted(maps.Values(hashes)) {
		h.Write([]byte(one))
	}
	return Short(hex.EncodeToString(h.Sum(nil)))
}

// ofHub is what the path of a file in a cache of the Hugging Face hub ends with, which says by
// its commit what is in it, wherever the cache lies and whenever it was fetched.
var ofHub = regexp.MustCompile(`models--[^/\\]+[/\\]snapshots[/\\][0-9a-f]{40}[/\\].*$`)

// Fingerprint tells large files from others without reading them: by their
// places, sizes and times of modification; in a cache of the hub, by its commit,
// its name there and its size.
func Fingerprint(paths ...string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		if whole, err := filepath.Abs(path); err == nil {
			path = whole
		}
		if name := ofHub.FindString(path); name != "" {
			fmt.Fprintf(h, "%q %d\n", filepath.ToSlash(name), info.Size())
			continue
		}
		fmt.Fprintf(h, "%q %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	return Short(hex.EncodeToString(h.Sum(nil))), nil
}
