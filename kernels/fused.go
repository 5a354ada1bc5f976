package kernels

import (
	"fmt"
	"math"

	"github.com/sdgraph/sdgraph/kernels/internal/winograd"
)

// Activation is what a kernel applies to its result while it is still in cache.
type Activation uint8

// The activations that can be fused: x, x·σ(x), max(x, 0) and min(max(x, 0), 6).
const (
	NoActivation Activation = iota
	SiLU
	ReLU
	ReLU6
)

// String is the constant's name.
func (a Activation) String() string {
	if names := [...]string{"NoActivation", "SiLU", "ReLU", "ReLU6"}; int(a) < len(names) {
		return names[a]
	}
	return fmt.Sprintf("Activation(%d)", uint8(a))
}

// limits are those that ReLU and ReLU6 put to a number.
func (a Activation) limits() (lo, hi float32) {
	inf := float32(math.Inf(1))
	switch a {
	case ReLU:
		return 0, inf
	case ReLU6:
		return 0, 6
	}
	return -inf, inf
}

// vectorLimits are limits as Winograd's transforms take them, nil for none.
func (a Activation) vectorLimits() *winograd.Limits {
	if a == NoActivation {
		return nil
	}
	return winograd.NewLimits(a.limits())
}

// productLimits are limits as products take them, nil for none.
func (a Activation) productLimits() *[2]float32 {
	if a == NoActivation {
		return nil
	}
	lo, hi := a.limits()
	return &[2]float32{lo, hi}
}
