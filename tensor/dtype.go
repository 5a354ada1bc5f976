package tensor

import (
	"fmt"
	"math"
	"reflect"

	"github.com/x448/float16"
	gt "gorgonia.org/tensor"
)

// BF16 is a brain floating point number: the upper 16 bits of a float32.
type BF16 uint16

// Float32 returns the same number as a float32; every BF16 has one.
func (b BF16) Float32() float32 { return math.Float32frombits(uint32(b) << 16) }

// String formats the number as Go formats a float32.
func (b BF16) String() string { return fmt.Sprint(b.Float32()) }

// ToBF16 rounds f to the nearest BF16, to even on a tie, as torch does. NaN
// stays NaN and what is too large becomes an infinity.
func ToBF16(f float32) BF16 {
	bits := math.Float32bits(f)
	if f != f {
		return BF16(bits>>16 | 0x40) // a payload in the lower half alone would round to infinity
	}
	return BF16((bits + 0x7fff + bits>>16&1) >> 16)
}

// The dtypes that gorgonia lacks. Their elements are float16.Float16 and BF16.
// gorgonia stores and copies them but does not compute on them: that is left to
// the operations of package nn, which read weights in the file's precision.
var (
	Float16  = gt.Dtype{Type: reflect.TypeFor[float16.Float16]()}
	BFloat16 = gt.Dtype{Type: reflect.TypeFor[BF16]()}
)

func init() {
	gt.Register(Float16)
	gt.Register(BFloat16)
}

// bitsOf are the sizes of the format's dtypes, in bits:
// https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs.
// A file may hold any of them; Get says which are read.
var bitsOf = map[string]uint64{
	"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
	"BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
	"U16": 16, "I16": 16, "F16": 16, "BF16": 16,
	"U32": 32, "I32": 32, "F32": 32,
	"U64": 64, "I64": 64, "F64": 64, "C64": 64,
}
