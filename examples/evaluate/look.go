package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/dataset"
)

// seen is a picture of the test, its truth, and what a detector says of it.
type seen struct {
	anomaly.Sample
	anomaly.Detection
}

// look has a fitted detector look at some of a case's pictures, in the order of their paths: for showing, since maps of
// all pictures together would fill the memory.
func (r *runner) look(ctx context.Context, detector anomaly.Detector, c *testCase, paths []string) (all []seen, err error) {
	for _, path := range paths {
		i := slices.IndexFunc(c.category.Test, func(it dataset.Item) bool { return it.Picture == path })
		if i < 0 {
			return nil, fmt.Errorf("%s is no picture of %s", path, c.Category)
		}
		for s, err := range dataset.Samples(r.root, c.category.Test[i:i+1]) {
			if err != nil {
				return nil, err
			}
			found, err := detector.Detect(ctx, s.Picture)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			all = append(all, seen{s, found})
		}
	}
	return all, nil
}
