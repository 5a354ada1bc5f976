package cli

import "fmt"

// What the flags of several programs may be. Larger numbers are mistakes, which
// would be noticed only when memory or hours are gone.
const (
	MostSteps    = 1000 // the timesteps of Stable Diffusion's training
	MostGuidance = 1000
	LongestSide  = 8192 // in pixels; its square is images.MaxPixels
)

// Within returns an error unless the value of a flag is a number from least to
// most; NaN is none.
func Within[N int | int64 | float32 | float64](flag string, value, least, most N) error {
	if value >= least && value <= most {
		return nil
	}
	return fmt.Errorf("%s is %v, want %v to %v", flag, value, least, most)
}
