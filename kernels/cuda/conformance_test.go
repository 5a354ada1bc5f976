//go:build unix

package cuda

import (
	"testing"

	"github.com/sdgraph/sdgraph/kernels/kerneltest"
)

// TestConformance runs the kernels through the suite that every implementation passes, with every access checked.
func TestConformance(t *testing.T) {
	for _, precision := range []Precision{Float32, Float16, BFloat16} {
		t.Run(precision.String(), func(t *testing.T) {
			t.Parallel()
			kerneltest.Run(t, emulated(t, true, precision).functions())
		})
	}
	t.Run("skewed", func(t *testing.T) {
		t.Parallel()
		h := emulated(t, true, Float32)
		h.skewed = true
		kerneltest.Run(t, h.functions())
	})
}
