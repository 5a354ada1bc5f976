package metric

import "gonum.org/v1/gonum/mathext/prng"

// LegacyPermutation returns the numbers 0 to n-1 in the order of numpy.random.RandomState(seed).permutation(n), which
// published scores are drawn with; none below 1. NumPy's newer generators have others.
func LegacyPermutation(seed uint32, n int) []int { return newLegacy(seed).permutation(n) }

// legacy draws as NumPy's RandomState: the Mersenne Twister MT19937 in the state that one number gives it.
type legacy struct{ mt *prng.MT19937 }

func newLegacy(seed uint32) legacy {
	mt := prng.NewMT19937()
	mt.Seed(uint64(seed))
	return legacy{mt}
}

// permutation is Fisher and Yates's shuffle, from the end.
func (l legacy) permutation(n int) []int {
	order := make([]int, max(n, 0))
	for i := range order {
		order[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := l.upTo(i)
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// choice are m of n numbers, none twice.
func (l legacy) choice(n, m int) []int { return l.permutation(n)[:m] }

// upTo draws a number from 0 to most: as many bits as most has, until they are no more than it.
func (l legacy) upTo(most int) int {
	mask := uint32(1)
	for mask < uint32(most) {
		mask = mask<<1 | 1
	}
	for {
		if v := l.mt.Uint32() & mask; v <= uint32(most) {
			return int(v)
		}
	}
}
