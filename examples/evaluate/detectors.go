package main

import (
	"context"
	"errors"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// detectorNames are the detectors, in the order of tables.
var detectorNames = []string{"patchcore", "padim", "probe"}

// detectors makes detectors on one network.
type detectors struct {
	network string // its name and the SHA-256 of its weights
	make    func(c key) (anomaly.Detector, error)
}

// opener opens the network that a command asks for.
type opener func(ctx context.Context, d *Detection) (detectors, error)

// defaultOpener is what the program has; its tests have another.
var defaultOpener opener = openDetectors

func openDetectors(context.Context, *Detection) (detectors, error) {
	return detectors{}, errors.New("there are no detectors yet")
}
