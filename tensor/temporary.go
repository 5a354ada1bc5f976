package tensor

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
)

// CreateTemporary makes a file in dir for what is not complete yet, under a
// hidden name that nobody else uses and IsTemporary knows, with the permissions
// of any new file.
func CreateTemporary(dir string) (*os.File, error) {
	name := fmt.Sprintf(".sdgraph-%d.tmp", rand.Uint64())
	return os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
}

var temporaryName = regexp.MustCompile(`^\.sdgraph-[0-9]+\.tmp$`)

// IsTemporary reports whether name, without its directory, is of the form that
// CreateTemporary gives: a program that was killed has left the file.
func IsTemporary(name string) bool { return temporaryName.MatchString(name) }
