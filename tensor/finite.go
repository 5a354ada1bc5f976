package tensor

import (
	"encoding/binary"
	"math/bits"
	"sync/atomic"

	"github.com/x448/float16"
	gt "gorgonia.org/tensor"

	"github.com/sdgraph/sdgraph/kernels"
)

// NonFinite returns the row-major index of the first NaN or infinity in d, -1 if
// every number is finite, as those of integer dtypes are. It reads d once, on all
// threads of package kernels.
func NonFinite(d *gt.Dense) int {
	switch dtypeOf(d) {
	case gt.Float64:
		return float64Lanes.first(memory(backing[float64](d)))
	case gt.Float32:
		return float32Lanes.first(memory(backing[float32](d)))
	case Float16:
		return float16Lanes.first(memory(backing[float16.Float16](d)))
	case BFloat16:
		return bfloat16Lanes.first(memory(backing[BF16](d)))
	}
	return -1
}

// lanes searches several numbers in one 64-bit word. A number is NaN or
// infinite when its exponent is all ones; then, and only then, adding one to
// the exponent carries into the sign bit, which was masked away.
type lanes struct {
	exponent uint64 // the exponent's bits in every lane
	one      uint64 // the exponent's lowest bit in every lane
	sign     uint64 // the sign bit in every lane
	size     int    // bytes of a lane
}

var (
	float64Lanes  = lanes{0x7ff00000_00000000, 0x00100000_00000000, 0x80000000_00000000, 8}
	float32Lanes  = lanes{0x7f800000_7f800000, 0x00800000_00800000, 0x80000000_80000000, 4}
	float16Lanes  = lanes{0x7c00_7c00_7c00_7c00, 0x0400_0400_0400_0400, 0x8000_8000_8000_8000, 2}
	bfloat16Lanes = lanes{0x7f80_7f80_7f80_7f80, 0x0080_0080_0080_0080, 0x8000_8000_8000_8000, 2}
)

// bad has the sign bit of every lane of w that is NaN or infinite.
func (l lanes) bad(w uint64) uint64 { return (w&l.exponent + l.one) & l.sign }

// first returns the index of the first number in data that is not finite.
func (l lanes) first(data []byte) int {
	const block = 1 << 16
	found := atomic.Int64{}
	found.Store(int64(len(data)))
	blocks := (len(data) + block - 1) / block
	kernels.Range(blocks, 16, func(lo, hi int) {
		for at := lo * block; at < min(hi*block, len(data)); at += block {
			if at >= int(found.Load()) {
				return
			}
			if i := l.scan(data[at:min(at+block, len(data))]); i >= 0 {
				lower(&found, int64(at+i))
				return
			}
		}
	})
	if at := int(found.Load()); at < len(data) {
		return at / l.size
	}
	return -1
}

// scan returns the byte offset of the first number that is not finite, or -1.
func (l lanes) scan(data []byte) int {
	rest := data
	for ; len(rest) >= 32; rest = rest[32:] {
		if l.bad(word(rest[0:]))|l.bad(word(rest[8:]))|l.bad(word(rest[16:]))|l.bad(word(rest[24:])) != 0 {
			break
		}
	}
	for len(rest) > 0 {
		var tail [8]byte // a short tail is filled with zeros, which are finite
		n := copy(tail[:], rest)
		if bad := l.bad(word(tail[:])); bad != 0 {
			return len(data) - len(rest) + bits.TrailingZeros64(bad)/8/l.size*l.size
		}
		rest = rest[n:]
	}
	return -1
}

func word(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// lower sets v to x if that is less.
func lower(v *atomic.Int64, x int64) {
	for old := v.Load(); x < old && !v.CompareAndSwap(old, x); old = v.Load() {
	}
}
