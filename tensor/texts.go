package tensor

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"sync"
)

// Texts are which files of text, such as configurations and vocabularies, were
// read of directories (Dir.Noting). They may be used by several goroutines.
type Texts struct {
	mu     sync.Mutex
	hashes map[string]string
}

// Noting is d, of which t notes every text that is read from now on, and of its
// Subs too.
func (d Dir) Noting(t *Texts) Dir {
	d.texts = t
	return d
}

// Hashes returns the SHA-256 of the texts as they were read, in hexadecimal, by
// their paths.
func (t *Texts) Hashes() map[string]string {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.hashes)
}

// note notes a text; where there is no t, nothing.
func (t *Texts) note(path string, text []byte) {
	if t == nil {
		return
	}
	sum := sha256.Sum256(text)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.hashes == nil {
		t.hashes = map[string]string{}
	}
	t.hashes[path] = hex.EncodeToString(sum[:])
}
