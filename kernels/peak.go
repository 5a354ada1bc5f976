package kernels

import (
	"time"

	"github.com/sdgraph/sdgraph/kernels/internal/gemm"
)

// Peak measures what one processor core can do at most with the instruction
// set in use, in float32 operations per second: a loop of multiply-adds that
// touches registers only, each counted as two. It is the best of several runs
// of about a millisecond. Shares of it compare across machines; times do not.
func Peak() float64 {
	p := gemm.Current()
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
