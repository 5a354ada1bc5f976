package kernels

import (
	"time"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
)

// Peak measures what one processor core can do at most with the instruction
// set in use, in float32 operations per second: a loop of multiply-adds that
// touches registers only, each counted as two. It is the best of several runs
// of about a millisecond. Shares of it compare across machines; times do not.
func Peak() float64 { return peak(gemm.Current()) }

// BFloat16Peak is the same for bfloat16 operations with sums in float32, zero where
// [SetBFloat16] fails. AVX512_BF16 does twice as many of them as AVX-512 does of
// float32's on AMD's Zen 4, and half as many on Intel's processors, whose AMX is what
// is fast.
func BFloat16Peak() float64 {
	p := gemm.Current().Half
	if p == nil {
		return 0
	}
	return peak(p)
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
