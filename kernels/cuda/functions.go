package cuda

import (
	"fmt"

	"github.com/sdgraph/sdgraph/kernels"
)

// Functions returns the device's kernels, whose products are of p, whatever those of d are.
func (d *Device) Functions(p kernels.Precision) (kernels.Functions, error) {
	switch p {
	case kernels.Float32, kernels.Float16, kernels.BFloat16:
		return d.With(p).functions(), nil
	}
	return kernels.Functions{}, fmt.Errorf("cuda: %v is unknown, want Float32, Float16 or BFloat16", p)
}

func (d *Device) functions() kernels.Functions {
	return kernels.Functions{
		Constant: d.Constant,

		Add: d.Add, Mul: d.Mul, Scale: d.Scale, AddScaled: d.AddScaled,
		Copy: d.Copy, Fill: d.Fill, Affine: d.Affine, AffineChannels: d.AffineChannels,
		AddRows: d.AddRows, SumRows: d.SumRows,
		SiLUForward: d.SiLUForward, GELU: d.GELU, QuickGELU: d.QuickGELU,
		SiLUGrad: d.SiLUGrad, GELUGrad: d.GELUGrad, QuickGELUGrad: d.QuickGELUGrad,
		Clamp: d.Clamp, ClampGrad: d.ClampGrad,
		GEGLU: d.GEGLU, GEGLUGrad: d.GEGLUGrad,
		Softmax: d.Softmax, SoftmaxGrad: d.SoftmaxGrad,
		GroupNorm: d.GroupNorm, GroupNormGrad: d.GroupNormGrad,
		LayerNorm: d.LayerNorm, LayerNormGrad: d.LayerNormGrad,
		Dot: d.Dot, ScaleBy: d.ScaleBy,
		Mean: d.Mean, MeanGrad: d.MeanGrad, OneMinusMax: d.OneMinusMax, OneMinusMaxGrad: d.OneMinusMaxGrad,
		Largest: d.Largest, LargestGrad: d.LargestGrad,
		CosineSimilarity: d.CosineSimilarity, CosineSimilarityGrad: d.CosineSimilarityGrad,
		Waves:           d.Waves,
		UpsampleNearest: d.UpsampleNearest, UpsampleNearestGrad: d.UpsampleNearestGrad,
		ConcatChannels: d.ConcatChannels, SplitChannels: d.SplitChannels, SplitChannelsGrad: d.SplitChannelsGrad,
		ChannelsLast: d.ChannelsLast, ChannelsFirst: d.ChannelsFirst,
		Resample: d.Resample,
		Linear:   d.Linear, LinearGrad: d.LinearGrad,
		Conv: d.Conv, ConvGrad: d.ConvGrad,
		BatchMatMul: d.BatchMatMul,
		Attention:   d.Attention, AttentionGrad: d.AttentionGrad,
		AttentionTokens: d.AttentionTokens, AttentionTokensGrad: d.AttentionTokensGrad,
	}
}

var _ kernels.Device = (*Device)(nil)
