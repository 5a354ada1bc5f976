package modules

import (
	"fmt"
	"math"
)

// Arguments returns the bits of a kernel's arguments, which are int32, uint32, int64, uint64, float32 or uintptr, each
// in the low bytes of a word. Their number and their sizes must be the parameters': a driver reads as many bytes as the
// kernel takes, whatever it was given.
func (k *Kernel) Arguments(args []any) ([]uint64, error) {
	if len(args) != len(k.Params) {
		return nil, fmt.Errorf("kernels/cuda: %s takes %d arguments, not %d", k.Name, len(k.Params), len(args))
	}
	values := make([]uint64, len(args))
	for i, a := range args {
		var size int
		switch a := a.(type) {
		case int32:
			values[i], size = uint64(uint32(a)), 4
		case uint32:
			values[i], size = uint64(a), 4
		case float32:
			values[i], size = uint64(math.Float32bits(a)), 4
		case int64:
			values[i], size = uint64(a), 8
		case uint64:
			values[i], size = a, 8
		case uintptr:
			values[i], size = uint64(a), 8
		default:
			return nil, fmt.Errorf("kernels/cuda: argument %d of %s is %T, and may be int32, uint32, int64, uint64, "+
				"float32 or uintptr", i, k.Name, a)
		}
		if size != k.Params[i] {
			return nil, fmt.Errorf("kernels/cuda: argument %d of %s is %T of %d bytes, and the parameter has %d", i,
				k.Name, a, size, k.Params[i])
		}
	}
	return values, nil
}
