package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sdgraph/sdgraph/clip"
	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// What detectors of defects take their time for: features of pictures, of a network trained on ImageNet, and the nearest
// of a bank of such features.

// networks are forward passes of pictures as the networks see them: to the logits, or to the layers that LPIPS or
// AnomalyDINO reads.
func networks() []workload {
	var all []workload
	for _, n := range []struct {
		name, of string
		side     int
		layers   []string
	}{
		{name: "lite0", of: "efficientnet_lite0", side: 224},
		{name: "wrn50", of: "wide_resnet50_2", side: 224},
		{name: "inception", of: "inception_v3_fidelity", side: 299},
		{name: "vgg16", of: "vgg16", side: 256, layers: []string{"features.3", "features.8", "features.15", "features.22", "features.29"}},
		{name: "dinov2_vits14", of: "dinov2_vits14", side: 448, layers: []string{"layernorm"}},
	} {
		for _, batch := range []int{1, 8} {
			all = append(all, workload{
				name: fmt.Sprintf("vision.%s.b%d", n.name, batch), peers: []string{"torch", "openvino"},
				load: func(ctx context.Context, o options) (func() error, error) {
					return network(ctx, o, n.of, batch, n.side, n.layers...)
				},
			})
		}
	}
	return all
}

// network computes layers of a batch of pictures; where none is named, the logits.
func network(ctx context.Context, o options, name string, batch, side int, layers ...string) (func() error, error) {
	n, err := vision.New(name)
	if err == nil {
		err = nn.Randomize(n, 0, gt.Float32) // the precision of their files
	}
	if n, err = prepared(o, n, err); err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		picture := nn.FeatureMap{X: g.normal("x", batch, side*side, 3), H: side, W: side}
		if len(layers) > 0 {
			var out []*G.Node
			for _, m := range n.Features(g.Build, picture, layers...) {
				out = append(out, m.X)
			}
			return out
		}
		if c, ok := n.(vision.Classifier); ok {
			return []*G.Node{c.Logits(g.Build, picture)}
		}
		return []*G.Node{n.Pooled(g.Build, picture)}
	})
}

// windowScales are the sides, in patches, of WinCLIP's windows.
var windowScales = []int{2, 3}

// windows are passes of the picture tower of WinCLIP's CLIP: over a picture, and over all 365 windows of it as well.
func windows() []workload {
	peers := []string{"torch", "openvino"}
	return []workload{
		{"clip.vitb16plus", peers, func(ctx context.Context, o options) (func() error, error) { return winCLIP(ctx, o) }},
		{"winclip.windows", peers, func(ctx context.Context, o options) (func() error, error) { return winCLIP(ctx, o, windowScales...) }},
	}
}

// winCLIP computes the class tokens of a picture, and of all windows of it of each scale.
func winCLIP(ctx context.Context, o options, scales ...int) (func() error, error) {
	m, err := clip.New(clip.ViTB16Plus240())
	if err != nil {
		return nil, err
	}
	v := m.VisionModel
	if err = nn.KeepPacked(v); err == nil { // as clip.Open does
		err = nn.Randomize(v, 0, gt.Float32) // the precision of its file
	}
	if v, err = prepared(o, v, err); err != nil {
		return nil, err
	}
	return o.program(ctx, func(g graph) []*G.Node {
		side := v.Config.ImageSize
		x := v.Embed(g.Build, nn.FeatureMap{X: g.normal("x", 1, side*side, 3), H: side, W: side})
		out := []*G.Node{v.Pool(v.Encode(g.Build, x))}
		for _, k := range scales {
			windows := nn.GatherPositions(x, windowsOf(side/v.Config.PatchSize, k))
			out = append(out, v.Pool(v.Encode(g.Build, windows)))
		}
		return out
	})
}

// windowsOf are the tokens of every window of k×k of a grid: the class's, which is the first of all, and the window's own.
func windowsOf(grid, k int) [][]int {
	var all [][]int
	for at := range (grid - k + 1) * (grid - k + 1) {
		y, x := at/(grid-k+1), at%(grid-k+1)
		tokens := []int{0}
		for i := range k * k {
			tokens = append(tokens, 1+(y+i/k)*grid+x+i%k)
		}
		all = append(all, tokens)
	}
	return all
}

// banks are queries, vectors of the bank and their channels: PatchCore's on Wide ResNet-50-2 after one reference and
// after eight, and on EfficientNet-Lite0 after sixty.
var banks = [][3]int{{784, 784, 1024}, {784, 6272, 1024}, {1024, 61440, 152}}

func neighbours() []workload {
	var all []workload
	for _, b := range banks {
		all = append(all, workload{
			name: fmt.Sprintf("nearest.%dx%dx%d", b[0], b[1], b[2]), peers: []string{"faiss"},
			load: func(ctx context.Context, o options) (func() error, error) { return nearest(ctx, o, b[0], b[1], b[2]) },
		})
	}
	return all
}

// nearest finds the vector of a bank that is nearest to each query.
func nearest(ctx context.Context, o options, queries, vectors, channels int) (func() error, error) {
	if o.device != nil || o.precision() != kernels.Float32 {
		return nil, errors.New("neighbours are found on the processor and in f32 only")
	}
	bank := kernels.NewBank(tensor.NewRand(1).Randn(vectors*channels), vectors, channels)
	x := tensor.NewRand(2).Randn(queries * channels)
	distance, index := make([]float32, queries), make([]int, queries)
	return func() error {
		start := time.Now()
		bank.Nearest(distance, index, x, queries)
		nn.Trace(ctx, nn.Executed{Op: "nearest", FLOPs: 2 * int64(queries) * int64(vectors) * int64(channels), Took: time.Since(start)})
		return nil
	}, nil
}
