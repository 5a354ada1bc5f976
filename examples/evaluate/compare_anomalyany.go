package main

import (
	"context"
	"math"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
)

// anomalyAnyMaker is AnomalyAny with the small model, as the demonstration uses it.
type anomalyAnyMaker struct{ *smallModel }

func openAnomalyAny(ctx context.Context) (maker, error) {
	m, err := openSmallModel(ctx)
	return anomalyAnyMaker{m}, err
}

func (m anomalyAnyMaker) generator(ctx context.Context, o order) (anomaly.Generator, error) {
	t, err := m.try(ctx, o.part, o.defect, o.reference.picture)
	return scored{t}, err
}

func (m anomalyAnyMaker) options(order) any {
	return struct {
		anomalyany.Options
		Limits anomalyany.Limits
	}{m.Options, m.Limits}
}

// scored is AnomalyAny on one reference, whose pictures its scores may turn down.
type scored struct{ *try }

// Generate makes one try.
func (s scored) Generate(ctx context.Context, _ anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	made, good, err := s.make(ctx, uint64(d.Whole(0, math.MaxInt32)))
	if err == nil && !good {
		err = errUnfit
	}
	return made, err
}
