package prompts

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// What a file of categories may have. The parser's time grows with the square of
// the keys, and its memory with the nesting, without a bound of its own (goccy/go-yaml
// issues 889 and 902). The package's own file has 700 keys, 5 deep.
const (
	maxFile     = 256 << 10 // bytes
	maxLines    = 5_000
	maxColons   = 3_000 // each key has one
	maxCommas   = 10_000
	maxBrackets = 16 // open at once
	maxAliases  = 16
	maxIndent   = 64 // columns before the first word of a line, each of which may nest once
	maxNested   = 16 // signs of lists and of keys, such as "- - ?", in one line
)

// checkBounds looks at a file of categories before the parser does. It counts
// characters without regard to what they mean, so a text may not have many odd
// ones either.
func checkBounds(path string, data []byte) error {
	colons, commas, open := 0, 0, 0
	for i, line := range bytes.Split(data, []byte("\n")) {
		too := func(what string, most int) error {
			return fmt.Errorf("%s:%d: the file has more than %d %s", path, i+1, most, what)
		}
		if i == maxLines {
			return too("lines", maxLines)
		}
		if indent := len(line) - len(bytes.TrimLeft(line, " \t\r-?:")); indent > maxIndent && len(bytes.TrimSpace(line)) > 0 {
			return too("columns before the first word of this line", maxIndent)
		}
		for _, c := range line {
			switch c {
			case ':':
				colons++
			case ',':
				commas++
			case '[', '{':
				open++
			case ']', '}':
				open = max(open-1, 0)
			}
			switch {
			case colons > maxColons:
				return too("keys, or colons", maxColons)
			case commas > maxCommas:
				return too("entries of lists, or commas", maxCommas)
			case open > maxBrackets:
				return too("brackets open at once", maxBrackets)
			}
		}
	}
	return nil
}

// tokensOf are the tokens of a file. Of references to its own parts it may have a
// few, and no merged keys: some lines of these stand for any number of keys.
func tokensOf(path string, data []byte) (token.Tokens, error) {
	all := lexer.Tokenize(string(data))
	aliases, nested, line := 0, 0, 0
	for _, t := range all {
		at := fmt.Sprintf("%s:%d:%d", path, t.Position.Line, t.Position.Column)
		if t.Position.Line != line {
			nested, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceEntryType, token.MappingKeyType:
			if nested++; nested > maxNested {
				return nil, fmt.Errorf("%s: the line has more than %d signs of lists and keys (- and ?)", at, maxNested)
			}
		case token.MergeKeyType:
			return nil, fmt.Errorf("%s: merged keys (<<) are not read: write them out", at)
		case token.AliasType:
			if aliases++; aliases > maxAliases {
				return nil, fmt.Errorf("%s: the file has more than %d aliases (*)", at, maxAliases)
			}
		}
	}
	return all, nil
}
