package cli

import (
	"fmt"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// Embeddings is the flag for words that were learned from pictures, for programs to embed.
type Embeddings struct {
	Embedding []WordFile `sep:"none" placeholder:"FILE[:WORD]" help:"A .safetensors file with a word that was learned from pictures (textual inversion), which prompts may have; of the file's own name for it, or WORD. Several by repeating the flag." json:"embedding,omitempty"`
}

// WordFile is a file with a learned word, and what prompts call the word: "" for the file's own name for it.
type WordFile struct{ Path, Word string }

// UnmarshalText takes FILE or FILE:WORD, divided at the last colon. A colon behind the letter of a Windows drive, or
// before the last part of a path, divides nothing.
func (w *WordFile) UnmarshalText(text []byte) error {
	s := string(text)
	at := strings.LastIndexByte(s, ':')
	if at < 0 || at == 1 && isLetter(s[0]) || strings.ContainsAny(s[at:], `/\`) {
		*w = WordFile{Path: s}
		return nil
	}
	*w = WordFile{s[:at], s[at+1:]}
	switch {
	case w.Path == "":
		return fmt.Errorf("%q has no file before the colon, want FILE:WORD", s)
	case strings.TrimSpace(w.Word) == "":
		return fmt.Errorf("%q has no word behind the colon, want FILE:WORD, or FILE for the word that the file names", s)
	}
	return nil
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// MarshalText gives what UnmarshalText takes.
func (w WordFile) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

func (w WordFile) String() string {
	if w.Word == "" {
		return w.Path
	}
	return w.Path + ":" + w.Word
}

// Identity says which words a model was given, for who tells pictures apart by all that made them: nothing where there are
// none.
func Identity(words []*diffusion.Embedding) string {
	var all []string
	for _, e := range words {
		all = append(all, fmt.Sprintf("%q of the file %s", e.Word, files.Short(e.SHA256)))
	}
	return strings.Join(all, ", ")
}

// Read reads the words. Opening a model with them says whether they fit it.
func (l *Embeddings) Read() (all []*diffusion.Embedding, err error) {
	for _, f := range l.Embedding {
		e, err := diffusion.ReadEmbedding(f.Path, f.Word)
		if err != nil {
			return nil, fmt.Errorf("--embedding: %w", err)
		}
		all = append(all, e)
	}
	return all, nil
}
