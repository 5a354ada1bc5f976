//go:build amd64 && !noasm

package winograd

import "github.com/sdgraph/sdgraph/kernels/internal/isa"

//go:generate go -C asm run . -isa avx2 -pkg winograd -out ../avx2_amd64.s -stubs ../avx2_amd64.go
//go:generate go -C asm run . -isa avx512 -pkg winograd -out ../avx512_amd64.s -stubs ../avx512_amd64.go

func init() {
	table[isa.AVX2] = &transforms{side: 4, window: 6, input: input4AVX2, weights: weights4AVX2, output: output4AVX2, stream: stream4AVX2, fence: fenceAVX2}
	avx512 := &transforms{side: 4, window: 6, input: input4AVX512, weights: weights4AVX512, output: output4AVX512, stream: stream4AVX512, fence: fenceAVX512}
	if isa.HasBFloat16() {
		avx512.half = &transforms{side: 2, window: 4, input: input2AVX512, weights: weights2AVX512, output: output2AVX512, stream: stream2AVX512, fence: fenceAVX512}
	}
	table[isa.AVX512], table[isa.AMX] = avx512, avx512
}
