//go:build amd64 && !noasm

package isa

import "golang.org/x/sys/cpu"

// best is the highest level that the processor and the operating system
// support. F16C has no flag in x/sys/cpu; every processor with AVX2 has it.
func best() Level {
	x := &cpu.X86
	avx2 := x.HasAVX2 && x.HasFMA
	avx512 := avx2 && x.HasAVX512F && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL
	switch {
	case avx512 && x.HasAVX512BF16 && x.HasAMXTile && x.HasAMXBF16 && allowTiles():
		return AMX
	case avx512:
		return AVX512
	case avx2:
		return AVX2
	}
	return PureGo
}

// HasBFloat16 reports whether the processor multiplies bfloat16 numbers in the
// registers of AVX512: AVX512_BF16.
func HasBFloat16() bool { return best() >= AVX512 && cpu.X86.HasAVX512BF16 }
