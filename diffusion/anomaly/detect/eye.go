package detect

import (
	"context"
	"fmt"
	"image"
	"sync"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// eye sees pictures as the layers of a network do.
type eye struct {
	view
	network Network
	layers  []string
	exec    *nn.Exec

	mu    sync.Mutex
	sizes [][2]int // height and width of each layer, known once the graph was built
}

// newEye returns the eye of a network, for the layers that were chosen, else the habit's.
func newEye(n Network, v view, chosen, habit []string) (*eye, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	layers, err := n.layersOr(chosen, habit)
	if err == nil {
		err = v.check()
	}
	if err != nil {
		return nil, err
	}
	e := &eye{view: v, network: n, layers: layers}
	e.exec = nn.NewExec(func(b *nn.Build) []*G.Node {
		maps := n.Features(b, nn.FeatureMap{X: b.Given("picture"), H: v.side, W: v.side}, layers...)
		if len(maps) != len(layers) {
			panic(fmt.Sprintf("the network %s has features of %d layers, want %q", n.Name, len(maps), layers))
		}
		var nodes []*G.Node
		var sizes [][2]int
		for _, m := range maps {
			nodes, sizes = append(nodes, m.X), append(sizes, [2]int{m.H, m.W})
		}
		e.mu.Lock()
		e.sizes = sizes
		e.mu.Unlock()
		return nodes
	})
	return e, nil
}

// look returns the features of each layer for a picture, which may come from the network's memory: they are not to be
// changed.
func (e *eye) look(ctx context.Context, picture *image.RGBA) ([]features, error) {
	memory := e.network.Memory
	if memory == nil || images.Check(picture) != nil {
		return e.lookAnew(ctx, picture)
	}
	key := e.key(picture)
	if layers := memory.recall(key); layers != nil {
		return layers, nil
	}
	layers, err := e.lookAnew(ctx, picture)
	if err == nil {
		memory.keep(key, layers)
	}
	return layers, err
}

// lookAnew is look without memory. One picture at a time is fastest: what layers hand on stays in the processor's caches.
func (e *eye) lookAnew(ctx context.Context, picture *image.RGBA) ([]features, error) {
	seen, err := e.see(picture, e.network.Scaling())
	if err != nil {
		return nil, err
	}
	out, err := e.exec.Run(ctx, map[string]*gt.Dense{"picture": tensor.FromFloat32s(seen, 1, e.side*e.side, 3)})
	if err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	e.mu.Lock()
	sizes := e.sizes
	e.mu.Unlock()
	layers := make([]features, len(out))
	for i, d := range out {
		if at := tensor.NonFinite(d); at >= 0 {
			return nil, fmt.Errorf("detect: layer %s of the network %s is %v somewhere%.0w", e.layers[i], e.network.Name, tensor.Float32s(d)[at], ErrNotFinite)
		}
		layers[i] = features{n: 1, h: sizes[i][0], w: sizes[i][1], c: d.Shape()[2], values: tensor.Float32s(d)}
	}
	return layers, nil
}

// lookOf is look of a detector that was fitted, or ErrNotFitted.
func (e *eye) lookOf(ctx context.Context, fitted bool, picture *image.RGBA) ([]features, error) {
	if !fitted {
		return nil, notFitted()
	}
	return e.look(ctx, picture)
}

// learn hands the features of each sample to learn, in order. Samples that use turns down are passed over.
func (e *eye) learn(ctx context.Context, train anomaly.Samples, use func(anomaly.Sample) (bool, error), learn func(s anomaly.Sample, layers []features) error) error {
	if ctx == nil || train == nil {
		return wrong("Fit takes a context and samples, not nil")
	}
	return eachSample(ctx, train, func(s anomaly.Sample) error {
		if wanted, err := use(s); err != nil || !wanted {
			return err
		}
		layers, err := e.look(ctx, s.Picture)
		if err != nil {
			return err
		}
		return learn(s, layers)
	})
}
