package detect

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// tokenSight sees pictures of any shape, whole but for what is no whole patch, as tokens of a network's layers.
type tokenSight struct {
	network     Network
	layers      []string
	side, patch int // shorter side and patches, in pixels
	exec        *nn.Exec
}

// newTokenSight has a picture enter as [H, W, 3] and tokens leave as [h, w, C], since their number alone does not tell the
// height.
func newTokenSight(n Network, side, patch int, layers []string) *tokenSight {
	return &tokenSight{network: n, layers: layers, side: side, patch: patch, exec: nn.NewExec(func(b *nn.Build) []*G.Node {
		x := b.Given("picture")
		s := x.Shape()
		maps := n.Features(b, nn.FeatureMap{X: nn.Reshape(x, 1, s[0]*s[1], s[2]), H: s[0], W: s[1]}, layers...)
		if len(maps) != len(layers) {
			panic(fmt.Sprintf("the network %s has features of %d layers, want %q", n.Name, len(maps), layers))
		}
		sum := maps[0].X
		for _, m := range maps[1:] {
			sum = nn.Add(sum, m.X)
		}
		mean := nn.Scale(sum, 1/float32(len(maps)))
		return []*G.Node{nn.Reshape(mean, maps[0].H, maps[0].W, mean.Shape()[2])}
	})}
}

// look returns the tokens of a picture, which may come from the network's memory: they are not to be changed.
func (s *tokenSight) look(ctx context.Context, picture *image.RGBA) (features, error) {
	memory := s.network.Memory
	if memory == nil || images.Check(picture) != nil {
		return s.lookAnew(ctx, picture)
	}
	key := s.network.key(picture, "tokens of %d %d %q", s.side, s.patch, s.layers)
	if seen := memory.recall(key); seen != nil {
		return seen[0], nil
	}
	seen, err := s.lookAnew(ctx, picture)
	if err == nil {
		memory.keep(key, []features{seen})
	}
	return seen, err
}

func (s *tokenSight) lookAnew(ctx context.Context, picture *image.RGBA) (features, error) {
	x, err := s.see(picture)
	if err != nil {
		return features{}, err
	}
	out, err := s.exec.Run(ctx, map[string]*gt.Dense{"picture": x})
	if err != nil {
		return features{}, fmt.Errorf("detect: %w", err)
	}
	if at := tensor.NonFinite(out[0]); at >= 0 {
		return features{}, fmt.Errorf("detect: a token of the network %s is %v somewhere%.0w", s.network.Name, tensor.Float32s(out[0])[at], ErrNotFinite)
	}
	shape := out[0].Shape()
	return features{n: 1, h: shape[0], w: shape[1], c: shape[2], values: tensor.Float32s(out[0])}, nil
}

// see returns what the network is given of a picture, [H, W, 3]: as torchvision's Resize makes it of a picture of
// Pillow's, bicubic, and cut to whole patches.
func (s *tokenSight) see(picture *image.RGBA) (*gt.Dense, error) {
	if err := images.Check(picture); err != nil {
		return nil, wrong("%w", err)
	}
	size, err := images.ShorterSide(picture.Rect.Size(), s.side)
	if err == nil {
		picture, err = images.Resize(picture, size, images.PillowBicubic)
	}
	if err != nil {
		return nil, wrong("%w", err)
	}
	w, h := size.X/s.patch*s.patch, size.Y/s.patch*s.patch
	levels := images.ToTensor(images.Cut(picture, image.Rect(0, 0, w, h)), images.ChannelsLast, images.Unit)
	s.network.Scaling().Scale(levels)
	return tensor.FromFloat32s(levels, h, w, 3), nil
}
