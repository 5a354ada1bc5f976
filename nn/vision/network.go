package vision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/sdgraph/sdgraph/kernels"
	"github.com/sdgraph/sdgraph/nn"
)

// Network is what the networks of this package have in common.
type Network interface {
	// Features returns what the named layers make of a picture, in the order of the names.
	Features(b *nn.Build, picture nn.FeatureMap, layers ...string) []nn.FeatureMap
	// Layers returns the names that Features takes, from the picture on.
	Layers() []string
	// Pooled returns what stands for the whole picture, [B, channels], as Inception's numbers of this name do: what a
	// classifier's last layer reads, or a transformer's class token.
	Pooled(b *nn.Build, picture nn.FeatureMap) *G.Node
	// Scaling is what the network takes for the levels of a picture.
	Scaling() Scaling
	// Load gives the network its weights.
	Load(ctx context.Context, src nn.Source) error
}

// Classifier is a network that says what a picture shows.
type Classifier interface {
	Network
	// Logits returns what the network says of each class of ImageNet, [B, 1000] unless it says otherwise.
	Logits(b *nn.Build, picture nn.FeatureMap) *G.Node
}

// stage is a part of a network that has a name.
type stage struct {
	name    string
	forward func(nn.FeatureMap) nn.FeatureMap
}

func names(stages []stage) []string {
	all := make([]string, len(stages))
	for i, s := range stages {
		all[i] = s.name
	}
	return all
}

// through returns what all stages make of x.
func through(x nn.FeatureMap, stages []stage) nn.FeatureMap {
	for _, s := range stages {
		x = s.forward(x)
	}
	return x
}

// features returns what the stages of the given names make of x. Those behind the last one do not enter the graph.
func features(network string, x nn.FeatureMap, stages []stage, layers []string) []nn.FeatureMap {
	known := names(stages)
	if len(layers) == 0 {
		panic(fmt.Sprintf("features of %s: no layer is named, want some of %s", network, strings.Join(known, ", ")))
	}
	last := 0
	for _, l := range layers {
		i := slices.Index(known, l)
		if i < 0 {
			panic(fmt.Sprintf("features of %s: layer %.60q, want some of %s", network, l, strings.Join(known, ", ")))
		}
		last = max(last, i)
	}
	found := map[string]nn.FeatureMap{}
	for _, s := range stages[:last+1] {
		x = s.forward(x)
		found[s.name] = x
	}
	maps := make([]nn.FeatureMap, len(layers))
	for i, l := range layers {
		maps[i] = found[l]
	}
	return maps
}

// check panics unless m is a picture.
func check(network string, m nn.FeatureMap) {
	if m.X == nil {
		panic(fmt.Sprintf("%s: the picture is nil, want [batch, height·width, 3]", network))
	}
	if s := m.X.Shape(); len(s) != 3 || s[1] != m.H*m.W || s[2] != 3 || min(s[0], m.H, m.W) < 1 {
		panic(fmt.Sprintf("%s: a picture of shape %v with height %d and width %d, want [batch, height·width, 3]", network, s, m.H, m.W))
	}
}

// convolution is an unloaded one of k×k, padded so that stride 1 keeps the size, without a bias, which its norm has.
func convolution(in, out, k, stride int) nn.Conv2D {
	c := nn.NewConv2D(in, out, k, stride)
	c.Bias = nil
	return c
}

// depthwise is likewise a convolution of each channel by itself; its padding depends on the picture.
func depthwise(channels, k, stride int) nn.Depthwise2D {
	c := nn.NewDepthwise2D(channels, k, stride)
	c.Bias = nil
	return c
}

// normed is a convolution with a norm behind it, and an activation behind that.
func normed(c nn.Conv2D, n *nn.BatchNorm, act kernels.Activation) nn.Conv2D {
	c.Weight, c.Bias = n.Fold(c.Weight, c.Bias)
	c.Act = act
	return c
}
