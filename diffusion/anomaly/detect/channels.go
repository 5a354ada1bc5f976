package detect

import (
	"math/bits"

	"gonum.org/v1/gonum/mathext/prng"
)

// paDiMSeed is that of the channels in the implementation of PaDiM that others compare with.
const paDiMSeed = 1024

// pythonSample is Python's random.seed(seed); random.sample(range(n), count), for count·21 > n or so, where Python keeps
// a list of what is left, as it does for the layers of all networks here.
func pythonSample(seed uint32, n, count int) []int {
	twister := prng.NewMT19937()
	twister.SeedFromKeys([]uint32{seed})
	below := func(n int) int { // random's _randbelow_with_getrandbits
		for {
			if r := int(twister.Uint32() >> (32 - bits.Len(uint(n)))); r < n {
				return r
			}
		}
	}
	left := make([]int, n)
	for i := range left {
		left[i] = i
	}
	out := make([]int, count)
	for i := range out {
		at, last := below(n-i), n-i-1
		out[i], left[at] = left[at], left[last]
	}
	return out
}
