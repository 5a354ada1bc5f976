package judge

import (
	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// channels of the levels, from the picture's size down; each is half as large
// as the one before.
var channels = []int{24, 48, 96}

const (
	groups  = 8    // of the norms
	epsilon = 1e-5 // of the norms: torch's
	classes = 7    // no defect, and those of the world
	factor  = 4    // by how much the last level is smaller than the picture
)

// net is a U-Net (Ronneberger et al., arXiv 1505.04597): the fields have the
// names of judge.py's.
type net struct {
	Down   []*level
	Shrink []*nn.Conv2D // from a level to the next lower one
	Grow   []*nn.Conv2D // and back
	Up     []*level     // what has grown beside what went down
	Out    nn.Conv2D
}

// level is two normalised convolutions at one size.
type level struct {
	Conv1 nn.Conv2D
	Norm1 nn.GroupNorm
	Conv2 nn.Conv2D
	Norm2 nn.GroupNorm
}

func newNet() *net {
	n := &net{Down: []*level{newLevel(3, channels[0])}, Out: nn.NewConv2D(channels[0], classes, 3, 1)}
	for i, below := range channels[1:] {
		above := channels[i]
		shrink, grow := nn.NewConv2D(above, below, 3, 2), nn.NewConv2D(below, above, 3, 1)
		n.Shrink, n.Grow = append(n.Shrink, &shrink), append(n.Grow, &grow)
		n.Down, n.Up = append(n.Down, newLevel(below, below)), append(n.Up, newLevel(2*above, above))
	}
	return n
}

func newLevel(in, out int) *level {
	return &level{
		Conv1: nn.NewConv2D(in, out, 3, 1), Norm1: nn.NewGroupNorm(out, groups, epsilon),
		Conv2: nn.NewConv2D(out, out, 3, 1), Norm2: nn.NewGroupNorm(out, groups, epsilon),
	}
}

// segment is the probabilities of all classes, [1, classes, H, W], of a picture
// [1, 3, H, W], clamped to [-1, 1].
func (n *net) segment(b *nn.Build) []*G.Node {
	picture := b.Given("picture")
	h, w := picture.Shape()[2], picture.Shape()[3]
	logits := n.forward(nn.FeatureMap{X: nn.ChannelsLast(nn.Clamp(picture, -1, 1)), H: h, W: w})
	return []*G.Node{nn.ChannelsFirst(nn.Softmax(logits.X), h, w)}
}

// forward maps a picture [B, H·W, 3] in [-1, 1] to logits [B, H·W, classes].
func (n *net) forward(x nn.FeatureMap) nn.FeatureMap {
	var kept []nn.FeatureMap
	for i, l := range n.Down {
		if i > 0 {
			x = n.Shrink[i-1].Forward(x)
		}
		x = l.forward(x)
		kept = append(kept, x)
	}
	for i := len(n.Up) - 1; i >= 0; i-- {
		skip := kept[i]
		x = n.Grow[i].Forward(skip.With(nn.Upsample(x.X, x.H, x.W, 2)))
		x = n.Up[i].forward(x.With(nn.Concat(x.X, skip.X)))
	}
	return n.Out.Forward(x)
}

func (l *level) forward(x nn.FeatureMap) nn.FeatureMap {
	x = l.Norm1.ForwardSiLU(l.Conv1.Forward(x))
	return l.Norm2.ForwardSiLU(l.Conv2.Forward(x))
}
