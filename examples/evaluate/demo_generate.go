package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	drawings "github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// factory generates the pictures of a set.
type factory struct {
	set *drawnSet

	mu   sync.Mutex
	made map[wish]anomaly.Sample
}

// generateAll makes what all lessons wish for, once each, side by side. What no try was good enough for is missing.
func generateAll(ctx context.Context, s *drawnSet) (map[wish]anomaly.Sample, error) {
	f := &factory{set: s, made: map[wish]anomaly.Sample{}}
	all := s.wishes()
	bar := show.NewProgress(ctx, os.Stderr, float64(len(all)))
	bar.Tenths = true
	bar.Begin("generating: ", "%d of %d pictures, ", len(all))
	defer bar.End()
	err := drawings.Share(ctx, 0, len(all), openSmallModel, func(ctx context.Context, m *smallModel, i int) error {
		w := all[i]
		if err := f.make(ctx, m, w); err != nil {
			return fmt.Errorf("%s with %s: %w", s.parts[w.part].Name, s.defects[w.defect].Name, err)
		}
		bar.Step(1, "")
		return nil
	})
	s.Wanted, s.Passed = len(all), len(f.made)
	return f.made, err
}

// make makes a wish, unless no try is good enough.
func (f *factory) make(ctx context.Context, m *smallModel, w wish) error {
	t, err := m.try(ctx, f.set.parts[w.part].Name, f.set.defects[w.defect].Name, f.set.parts[w.part].train(w.drawing, nil).Picture)
	if err != nil {
		return err
	}
	for i := range demoTries {
		made, good, err := t.make(ctx, uint64(i))
		if err != nil {
			return err
		}
		if f.count(w, made.Sample, good) {
			break
		}
	}
	return nil
}

// count counts a try, and keeps its picture if that is good enough.
func (f *factory) count(w wish, s anomaly.Sample, good bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.set.Tries++; good {
		f.made[w] = s
	}
	return good
}
