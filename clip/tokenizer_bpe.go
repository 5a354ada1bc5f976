package clip

import "math"

// tokenPair is two neighbouring tokens, tokenMerge what they may become: rank orders the merges, the lowest is done first.
type (
	tokenPair  [2]int32
	tokenMerge struct{ rank, token int32 }
)

// symbol is a token while a piece is being merged, and the merge of it with its right neighbour.
type symbol struct {
	token int32
	merge tokenMerge
	stale bool // merge must be looked up again
}

var noMerge = tokenMerge{rank: math.MaxInt32}

// encodePiece returns a piece's tokens: its bytes, of which neighbours are merged, the merge that was learned
// first before all others, until none is left that can be.
func (t *Tokenizer) encodePiece(p piece) []int32 {
	if p.added {
		ids := make([]int32, 1+p.more)
		for i := range ids {
			ids[i] = p.id + int32(i)
		}
		return ids
	}
	symbols := make([]symbol, len(p.text))
	for i := range symbols {
		symbols[i] = symbol{token: t.inner[p.text[i]], stale: true}
	}
	symbols[len(symbols)-1].token = t.last[p.text[len(p.text)-1]]
	for {
		t.lookUp(symbols)
		best := noMerge
		for _, s := range symbols {
			if s.merge.rank < best.rank {
				best = s.merge
			}
		}
		if best == noMerge {
			break
		}
		symbols = mergeAll(symbols, best)
	}
	ids := make([]int32, len(symbols))
	for i, s := range symbols {
		ids[i] = s.token
	}
	return ids
}

// lookUp finds the merge of each symbol with the next one where it is not known yet.
func (t *Tokenizer) lookUp(symbols []symbol) {
	for i := range symbols {
		s := &symbols[i]
		if !s.stale {
			continue
		}
		s.merge, s.stale = noMerge, false
		if i+1 < len(symbols) {
			if m, ok := t.pairs[tokenPair{s.token, symbols[i+1].token}]; ok {
				s.merge = m
			}
		}
	}
}

// mergeAll does one merge wherever it occurs, from left to right, in place.
func mergeAll(symbols []symbol, m tokenMerge) []symbol {
	out := symbols[:0]
	for i := 0; i < len(symbols); i++ {
		s := symbols[i]
		if s.merge == m {
			s = symbol{token: m.token, stale: true}
			i++
			if len(out) > 0 {
				out[len(out)-1].stale = true
			}
		}
		out = append(out, s)
	}
	return out
}

// byteAlphabet returns the character that stands for each byte in the vocabulary (GPT-2's bytes_to_unicode):
// the byte itself where it is a printable character of Latin-1, characters from U+0100 on for the rest.
func byteAlphabet() [256]rune {
	var alphabet [256]rune
	next := rune(256)
	for b := range alphabet {
		if printableLatin1(b) {
			alphabet[b] = rune(b)
		} else {
			alphabet[b] = next
			next++
		}
	}
	return alphabet
}

func printableLatin1(b int) bool {
	return b >= '!' && b <= '~' || b >= '¡' && b <= '¬' || b >= '®' && b <= 'ÿ'
}
