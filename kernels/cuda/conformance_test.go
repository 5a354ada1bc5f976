//go:build unix

package cuda

import (
	"testing"

	"github.com/sdgraph/sdgraph/kernels/kerneltest"
)

// TestConformance runs the kernels through the suite that every implementation passes, with every access checked.
func TestConformance(t *testing.T) {
	for _, math := range []Precision{Float32, Float16, BFloat16} {
		t.Run(math.String(), func(t *testing.T) {
			kerneltest.Run(t, emulated(t, true, math).functions())
		})
	}
	t.Run("skewed", func(t *testing.T) {
		h := emulated(t, true, Float32)
		h.skewed = true
		kerneltest.Run(t, h.functions())
	})
}
