package gemm

import "math"

// transposePairsGo sets dst[i*ldd+j] to the pair of src[j*lds+2*i] and the
// number after it, for i < m, j < n; value makes a float32 of a source's number.
func transposePairsGo[T any](value func(T) float32) move[T] {
	return func(dst []float32, ldd int, src []T, lds, m, n int) {
		for j := range n {
			row := src[j*lds:]
			for i := range m {
				dst[i*ldd+j] = pair(value(row[2*i]), value(row[2*i+1]))
			}
		}
	}
}

// Element is x in one element: in a pair its rounded value and the rest of it,
// which multiplied by [Primitives.Ones] add up to x in 16 bits.
func (p *Primitives) Element(x float32) float32 {
	if p.Depth == 1 {
		return x
	}
	high := math.Float32frombits(roundBFloat16(x) << 16)
	return pair(high, x-high)
}

// Ones is an element of ones.
func (p *Primitives) Ones() float32 {
	if p.Depth == 1 {
		return 1
	}
	return pair(1, 1)
}

// pair is two numbers in the four bytes of one, each rounded to the nearest
// bfloat16, the even one of two equally near.
func pair(low, high float32) float32 {
	return math.Float32frombits(roundBFloat16(low) | roundBFloat16(high)<<16)
}

func roundBFloat16(x float32) uint32 {
	bits := math.Float32bits(x)
	if x != x {
		return bits>>16 | 0x40
	}
	return (bits + 0x7fff + bits>>16&1) >> 16
}

func float32Itself(x float32) float32 { return x }
