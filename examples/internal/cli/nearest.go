package cli

import (
	"fmt"
	"strings"
)

// nearest returns which of the words somebody perhaps meant who typed a phrase: the
// one that the fewest letters tell from it, or from as many words of it in a row;
// false where that is more than a third of the letters.
func nearest(phrase string, words []string) (near string, ok bool) {
	const most = 20 // words of a phrase
	typed := strings.Fields(strings.ToLower(phrase))
	typed = typed[:min(most, len(typed))]
	least := 0
	for _, word := range words {
		n := len(strings.Fields(word))
		for i := 0; i+n <= len(typed) || i == 0; i++ {
			part, meant := []rune(strings.Join(typed[min(i, len(typed)):min(i+n, len(typed))], " ")), []rune(strings.ToLower(word))
			if more := len(part) - len(meant); 3*max(more, -more) > len(meant) {
				continue
			}
			if away := distance(part, meant); 3*away <= len(meant) && (!ok || away < least) {
				near, least, ok = word, away, true
			}
		}
	}
	return near, ok
}

// DidYouMean is what to say behind a word that is not among those known: a question, or
// nothing where none of them is near.
func DidYouMean(phrase string, words []string) string {
	if near, ok := nearest(phrase, words); ok {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// distance is how many letters must be put in, taken out, exchanged, or swapped with
// their neighbour to make b of a (optimal string alignment).
func distance(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			switch {
			case i == 0 || j == 0:
				rows[i][j] = i + j
				continue
			case a[i-1] == b[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j-1], rows[i-1][j], rows[i][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
