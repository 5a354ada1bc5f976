//go:build amd64 && !noasm

package winograd

import "github.com/sdgraph/sdgraph/kernels/internal/isa"

//go:generate go -C asm run . -isa avx2 -pkg winograd -out ../avx2_amd64.s -stubs ../avx2_amd64.go
//go:generate go -C asm run . -isa avx512 -pkg winograd -out ../avx512_amd64.s -stubs ../avx512_amd64.go

func init() {
	table[isa.AVX2] = &transforms{input: inputAVX2, weights: weightsAVX2, output: outputAVX2}
	table[isa.AVX512] = &transforms{input: inputAVX512, weights: weightsAVX512, output: outputAVX512}
}
