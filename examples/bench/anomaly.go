package main

import (
	"context"
	"errors"
	"iter"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/tensor"
)

// Steps of one picture with the options of the paper, see wholePicture.
const (
	plainSteps  = 45
	refineSteps = 30
)

// errEnough ends a run of AnomalyAny when its steps have been measured.
var errEnough = errors.New("enough steps")

// anomalyStep measures one step of AnomalyAny with the numbers of the paper,
// with or without the refinement by CLIP.
func anomalyStep(ctx context.Context, o options, refine bool) (func() error, error) {
	p, err := o.pipeline(ctx)
	if err != nil {
		return nil, err
	}
	a := anomalyany.Paper()
	a.Prompt, a.Words = "a photo of a hazelnut with a crack on it", []string{"crack"}
	a.Detail = "a photo of a hazelnut whose shell has a deep dark crack"
	a.Steps, a.Gamma, a.Refine, a.Memory = 1+mostTurns*mostRuns, 0, 0, o.budget()
	if refine {
		a.Refine = a.Steps
	}
	picture := tensor.FromFloat32s(tensor.NewRand(1).Randn(3*o.Size*o.Size), 1, 3, o.Size, o.Size)
	g, err := anomalyany.New(ctx, p, o.Size, o.Size, a)
	if err != nil {
		return nil, err
	}
	in, err := g.Encode(ctx, picture, nil)
	if err != nil {
		return nil, err
	}
	next, _ := iter.Pull(func(yield func(error) bool) {
		_, err := g.Run(ctx, in, 0, func(anomalyany.Step) error {
			if !yield(nil) {
				return errEnough
			}
			return nil
		})
		yield(err)
	})
	return func() error {
		err, ok := next()
		if !ok {
			return errors.New("the run ended before its last step was measured")
		}
		return err
	}, nil
}

// wholePicture adds steps up to the 75 that the paper's options take for one
// picture.
func wholePicture(plain, refine measured) measured {
	sum := func(plain, refine float64) float64 { return round(plainSteps*plain+refineSteps*refine, 4) }
	m := measured{ours: new(result)}
	*m.ours = *plain.ours
	r, p, q := m.ours, plain.ours, refine.ours
	r.Name, r.Profile, r.First, r.Packing = "anomalyany.image", nil, 0, 0
	r.Seconds, r.CPU, r.GFLOP = sum(p.Seconds, q.Seconds), sum(p.CPU, q.CPU), sum(p.GFLOP, q.GFLOP)
	r.GFLOPS = round(r.GFLOP/r.Seconds, 4)
	r.OfPeak = round(r.GFLOPS*p.OfPeak/p.GFLOPS, 3) // 0 on a GPU
	r.PeakRSS, r.Device = max(p.PeakRSS, q.PeakRSS), max(p.Device, q.Device)
	for i := range plain.peers {
		peer, p, q := *plain.peers[i], plain.peers[i], refine.peers[i]
		peer.Name, peer.Seconds, peer.CPU = r.Name, sum(p.Seconds, q.Seconds), sum(p.CPU, q.CPU)
		peer.PeakRSS, peer.Device = max(p.PeakRSS, q.PeakRSS), max(p.Device, q.Device)
		m.peers = append(m.peers, &peer)
	}
	return m
}
