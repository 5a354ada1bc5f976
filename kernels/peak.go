package kernels

import (
	"time"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
)

// Peak measures what one processor core can do at most with the instruction
// set in use, in operations on numbers of p per second, with sums in float32: a
// loop of multiply-adds that touches registers only, each counted as two. It is
// the best of several runs of about a millisecond, and zero where the processor
// cannot multiply such numbers. Shares of it compare across machines; times do
// not.
//
// AVX512_BF16 does twice as many operations on bfloat16 as AVX-512 does on float32
// on AMD's Zen 4, and half as many on Intel's processors, whose AMX is what is
// fast.
func (p Precision) Peak() float64 {
	switch {
	case p.check() != nil:
		return 0
	case p == BFloat16:
		return peak(gemm.Current().Half)
	}
	return peak(gemm.Current())
}

func peak(p *gemm.Primitives) float64 {
	best := 0.0
	n := 1 << 10
	for range 20 {
		start := time.Now()
		p.Peak(n)
		took := time.Since(start).Seconds()
		best = max(best, float64(n*p.PeakFlops)/max(took, 1e-9))
		if took < 1e-3 {
			n *= 2
		}
	}
	return best
}
