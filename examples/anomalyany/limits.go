package main

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
)

const (
	mostPictures = 1_000_000 // of one command: who wants more has mistyped
	longestText  = 16 << 10  // bytes; a model reads a few hundred
)

// checkSeeds wants a seed for each picture.
func (f *flags) checkSeeds() error {
	if err := cli.Within("--n", f.N, 1, mostPictures); err != nil {
		return err
	}
	if f.Seed > math.MaxUint64-uint64(f.N-1) {
		return fmt.Errorf("--seed is %d, and there are no %d seeds from there: the last is %d", f.Seed, f.N, uint64(math.MaxUint64))
	}
	return nil
}

// checkTexts refuses what would be found out only when a picture is saved, with
// the texts in its file.
func (f *flags) checkTexts() error {
	for _, t := range []struct{ flag, text string }{
		{"object", f.Object}, {"anomaly", strings.Join(f.Anomaly, ",")}, {"prompt", f.Prompt}, {"normal", f.Normal}, {"detail", f.Detail}, {"negative", f.Negative},
	} {
		switch {
		case len(t.text) > longestText:
			return fmt.Errorf("--%s has %d bytes, want at most %d", t.flag, len(t.text), longestText)
		case !utf8.ValidString(t.text) || strings.Contains(t.text, "\x00"):
			return fmt.Errorf("--%s is not a text in UTF-8: %.100q", t.flag, t.text)
		}
	}
	return nil
}
