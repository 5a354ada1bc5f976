package detect

import (
	"context"
	"fmt"
	"image"

	"github.com/sdgraph/sdgraph/nn"
	G "gorgonia.org/gorgonia"
)

// windowed is what CLIP sees in a picture, normalised: the whole of it, its patches, and windows of them. Only the first
// and the last are in the space of texts.
type windowed struct {
	picture features
	tokens  features   // of the last layer, behind its norm
	windows []features // of each scale, row by row
}

// places are what references are compared by: tokens, and windows of each scale.
func (w windowed) places() []features { return append([]features{w.tokens}, w.windows...) }

// windowSight looks at pictures and at all windows of them.
type windowSight struct {
	clip   CLIP
	grid   int // tokens a side
	scales []int
	exec   *nn.Exec
}

// newWindowSight has windows of one size go through the transformer together: the class token and the window's own, with
// the positions that they have in the picture.
func newWindowSight(c CLIP, scales []int) *windowSight {
	s := &windowSight{clip: c, grid: c.grid(), scales: scales}
	side, v := c.side(), c.Model.VisionModel
	embed := func(class *G.Node) *G.Node { return c.Model.VisualProjection.Forward(v.Pool(class)) }
	s.exec = nn.NewExec(func(b *nn.Build) []*G.Node {
		x := v.Embed(b, nn.FeatureMap{X: b.Given("picture"), H: side, W: side})
		whole := v.Encode(b, x)
		out := []*G.Node{embed(whole), v.PostLayernorm.Forward(nn.SlicePositions(whole, 1, 1+s.grid*s.grid))}
		for _, k := range scales {
			out = append(out, embed(v.Encode(b, nn.GatherPositions(x, withClass(windowsOf(s.grid, k))))))
		}
		return out
	})
	return s
}

// look looks at a picture, or remembers it.
func (s *windowSight) look(ctx context.Context, picture *image.RGBA) (windowed, error) {
	all, err := s.clip.remembered(picture, fmt.Sprintf("windows of %d", s.scales), func() ([]features, error) {
		levels, err := s.clip.see(picture)
		if err != nil {
			return nil, err
		}
		return s.clip.vectors(ctx, s.exec, levels)
	})
	if err != nil {
		return windowed{}, err
	}
	return newWindowed(all), nil
}

// newWindowed names what the graph gives: the whole, the tokens, and windows of each scale.
func newWindowed(all []features) windowed { return windowed{all[0], all[1], all[2:]} }

// windowsOf are the tokens of every window of k×k of a grid, row by row.
func windowsOf(grid, k int) [][]int {
	var all [][]int
	for y := range grid - k + 1 {
		for x := range grid - k + 1 {
			var tokens []int
			for i := range k {
				for j := range k {
					tokens = append(tokens, (y+i)*grid+x+j)
				}
			}
			all = append(all, tokens)
		}
	}
	return all
}

// withClass puts the class token, which is the first of a picture's, before the tokens of each window.
func withClass(windows [][]int) [][]int {
	all := make([][]int, len(windows))
	for i, tokens := range windows {
		all[i] = []int{0}
		for _, t := range tokens {
			all[i] = append(all[i], t+1)
		}
	}
	return all
}

// spreadWindows gives each token of a grid the harmonic mean of the numbers of the windows of k×k that hold it; 0 where
// one of them is 0.
func spreadWindows(numbers []float64, grid, k int) []float64 {
	inverse, count := make([]float64, grid*grid), make([]float64, grid*grid)
	for i, tokens := range windowsOf(grid, k) {
		for _, t := range tokens {
			inverse[t] += 1 / numbers[i]
			count[t]++
		}
	}
	for t, n := range count {
		inverse[t] = n / inverse[t]
	}
	return inverse
}
