package detect

import (
	"context"
	"image"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// Weighted is PatchCore or PaDiM where a Probe agrees: what a detector of normal parts gains by defective samples, such as
// generated ones. Each patch's squared distance is multiplied with √p, p being the probability that the Probe gives it of
// being defective (a distance, with its root). So there is no scale that would have to be known, and a patch that is like
// all normal ones is not called defective by the Probe alone.
//
// The root is because a Probe that has seen few defects is too sure. On six drawn parts, with one and with eight
// generated pictures, both detectors in both readings tell more pictures and more patches apart than without; with p
// itself PatchCore gains less.
type Weighted struct {
	normal normalDetector
	probe  *Probe
}

// normalDetector is PatchCore or PaDiM.
type normalDetector interface {
	anomaly.Detector
	save() (Description, learned, error)
	sees() (e *eye, fitted bool)
	detect(layers []features, weights []float32, size image.Point) (anomaly.Detection, error)
}

func (p *PatchCore) sees() (*eye, bool) { return p.eye, p.fitted.Load() != nil }

func (p *PaDiM) sees() (*eye, bool) { return p.eye, p.fitted.Load() != nil }

// NewWeighted returns a detector of normal parts, a PatchCore or a PaDiM, weighted by a Probe of the same network. It
// takes over both.
func NewWeighted(normal anomaly.Detector, probe *Probe) (*Weighted, error) {
	w := &Weighted{probe: probe}
	switch d := normal.(type) {
	case *PatchCore:
		if d != nil && d.eye != nil {
			w.normal = d
		}
	case *PaDiM:
		if d != nil && d.eye != nil {
			w.normal = d
		}
	}
	if w.normal == nil || probe == nil || probe.eye == nil {
		return nil, wrong("a %T and a %T, want a PatchCore or a PaDiM, and a Probe, that were made", normal, probe)
	}
	if e, _ := w.normal.sees(); e.network.Name != probe.eye.network.Name || e.network.SHA256 != probe.eye.network.SHA256 {
		return nil, wrong("one reads the features of %s and the other of %s, want one network", e.network, probe.eye.network)
	}
	return w, nil
}

// Fit fits both: the samples are read twice.
func (w *Weighted) Fit(ctx context.Context, train anomaly.Samples) error {
	if w == nil || w.normal == nil {
		return wrong("a Weighted that NewWeighted has not made")
	}
	if err := w.normal.Fit(ctx, train); err != nil {
		return err
	}
	return w.probe.Fit(ctx, train)
}

// Detect is the normal detector's, with weighted patches. Where both read the same layers, the network runs once.
func (w *Weighted) Detect(ctx context.Context, picture *image.RGBA) (anomaly.Detection, error) {
	if w == nil || w.normal == nil || ctx == nil {
		return anomaly.Detection{}, wrong("Detect takes a context, not nil, and a Weighted that NewWeighted has made")
	}
	e, fitted := w.normal.sees()
	fit := w.probe.fitted.Load()
	layers, err := e.lookOf(ctx, fitted && fit != nil, picture)
	if err != nil {
		return anomaly.Detection{}, err
	}
	probed := layers
	if e.view != w.probe.eye.view || !slices.Equal(e.layers, w.probe.eye.layers) {
		if probed, err = w.probe.eye.look(ctx, picture); err != nil {
			return anomaly.Detection{}, err
		}
	}
	return w.normal.detect(layers, fit.trust(probed, layers[0].h, layers[0].w), picture.Rect.Size())
}

// trust is what distances are multiplied with for what a Probe sees, on a grid [h, w]: p to the power of 1/4.
func (f *fittedProbe) trust(layers []features, h, w int) []float32 {
	v := locallyAware(layers)
	odds := features{1, v.h, v.w, 1, f.odds(v.values)}
	weights := odds.resized(h, w).values
	for i, o := range weights {
		weights[i] = float32(math.Sqrt(math.Sqrt(1 / (1 + math.Exp(-float64(o))))))
	}
	return weights
}
