//go:build amd64 && !noasm

package vec

import "github.com/sdgraph/sdgraph/kernels/internal/isa"

//go:generate go -C asm run . -isa avx2 -pkg vec -out ../avx2_amd64.s -stubs ../avx2_amd64.go
//go:generate go -C asm run . -isa avx512 -pkg vec -out ../avx512_amd64.s -stubs ../avx512_amd64.go

func init() {
	sets[isa.AVX2] = &functions{
		add: addAVX2, mul: mulAVX2, scale: scaleAVX2, addScaled: addScaledAVX2,
		affine: affineAVX2, affineSiLU: affineSiLUAVX2, affineSiLUGrad: affineSiLUGradAVX2, normalize: normalizeAVX2,
		combineDev: combineDevAVX2, combineColumns: combineColumnsAVX2, mulDev: mulDevAVX2,
		sum: sumAVX2, max: maxAVX2, dot: dotAVX2, sumSquareDev: sumSquareDevAVX2, dotDev: dotDevAVX2,
		moments: momentsAVX2, comoments: comomentsAVX2,
		exp: expAVX2, expSub: expSubAVX2, swish: swishAVX2, swishGrad: swishGradAVX2,
		gelu: geluAVX2, geluGrad: geluGradAVX2,
		float16: float16AVX2, bfloat16: bfloat16AVX2,
		clamp: clampAVX2, larger: largerAVX2,
		depthwise: [12]depthwise{depthwise1AVX2, depthwise2AVX2, depthwise3AVX2, depthwise4AVX2, depthwise5AVX2, depthwise6AVX2,
			depthwise7AVX2, depthwise8AVX2, depthwise9AVX2, depthwise10AVX2, depthwise11AVX2, depthwise12AVX2},
	}
	sets[isa.AVX512] = &functions{
		add: addAVX512, mul: mulAVX512, scale: scaleAVX512, addScaled: addScaledAVX512,
		affine: affineAVX512, affineSiLU: affineSiLUAVX512, affineSiLUGrad: affineSiLUGradAVX512, normalize: normalizeAVX512,
		combineDev: combineDevAVX512, combineColumns: combineColumnsAVX512, mulDev: mulDevAVX512,
		sum: sumAVX512, max: maxAVX512, dot: dotAVX512, sumSquareDev: sumSquareDevAVX512, dotDev: dotDevAVX512,
		moments: momentsAVX512, comoments: comomentsAVX512,
		exp: expAVX512, expSub: expSubAVX512, swish: swishAVX512, swishGrad: swishGradAVX512,
		gelu: geluAVX512, geluGrad: geluGradAVX512,
		float16: float16AVX512, bfloat16: bfloat16AVX512,
		clamp: clampAVX512, larger: largerAVX512,
		depthwise: [12]depthwise{depthwise1AVX512, depthwise2AVX512, depthwise3AVX512, depthwise4AVX512, depthwise5AVX512, depthwise6AVX512,
			depthwise7AVX512, depthwise8AVX512, depthwise9AVX512, depthwise10AVX512, depthwise11AVX512, depthwise12AVX512},
	}
	sets[isa.AMX] = sets[isa.AVX512] // has no vectors of its own
}
