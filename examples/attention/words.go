package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/diffusion"
)

// word is a word of the prompt and the numbers of its tokens.
type word struct {
	text   string
	tokens []int
}

// stopWords are not worth a map unless asked for.
var stopWords = strings.Fields(`a an the this that these those its his her their and or but of on in at to by for from
	with without into onto over under as is are was were be it`)

// contentWords are the words of a prompt, each once, but for stopWords.
func contentWords(prompt string) []string {
	var words []string
	for _, w := range strings.FieldsFunc(strings.ToLower(prompt), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '-' && r != '\''
	}) {
		if w = strings.Trim(w, "-'"); w != "" && !slices.Contains(stopWords, w) && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return words
}

// wordsOf are the words of a prompt that are worth a map, those that were learned last.
func wordsOf(t *clip.Tokenizer, prompt string) []string {
	var learned []string
	rest := t.Spell(prompt, func(word string) string {
		learned = append(learned, word)
		return " "
	})
	if len(learned) == 0 {
		rest = prompt
	}
	return append(contentWords(rest), learned...)
}

// findWords locates the wanted words in the prompt. Of those that nobody asked
// for by name, what cannot be found is left out.
func findWords(t *clip.Tokenizer, prompt string, wanted []string) ([]word, error) {
	byName := len(wanted) > 0
	if !byName {
		wanted = wordsOf(t, prompt)
	}
	var words []word
	for _, w := range wanted {
		w = strings.TrimSpace(w)
		tokens, err := t.FindWord(prompt, w)
		switch {
		case err == nil:
			if !slices.ContainsFunc(words, func(other word) bool { return slices.Equal(other.tokens, tokens) }) {
				words = append(words, word{w, tokens})
			}
		case byName:
			return nil, fmt.Errorf("--words: %w", err)
		case errors.Is(err, diffusion.ErrWordCut):
			fmt.Fprintf(os.Stderr, "warning: no map of %s: %v\n", w, err)
		}
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("there is no word in the prompt %q to make a map of; name some with --words", prompt)
	}
	return words, nil
}

// allTokens are the tokens of all words, each once.
func allTokens(words []word) []int {
	var all []int
	for _, w := range words {
		all = append(all, w.tokens...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
