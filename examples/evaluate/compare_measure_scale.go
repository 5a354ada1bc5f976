package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// scale is what figures are to be read against: no generator should be expected to do better than the true defects, and
// one that does no better than nothing has made nothing of use.
type scale struct {
	// True are the true defects: one half of them against the other, what the judge finds in them, and whether it is what
	// they are called.
	True figures `json:"true"`
	// Nothing are normal pictures in the place of generated ones, in which the judge finds false alarms only. What
	// surrounds a defect is there looked at in the same places.
	Nothing figures `json:"nothing"`
}

// truePart is what is known of a part.
type truePart struct {
	name      string
	defective seen
	halves    [2]seen
	normal    seen
}

// scaleTally collects what the judge says of true pictures.
type scaleTally struct{ defective, normal tally }

// learn takes true pictures of a part, once, none of them a reference: normal ones, and defective ones, which go to two
// halves in turn and so come defect by defect.
func (m *measuring) learn(ctx context.Context, part string, normal, defective anomaly.Samples) error {
	p := &truePart{name: part}
	var places []place
	i := 0
	err := m.see(ctx, defective, &m.truths.defective, func(s anomaly.Sample) error {
		at := placeOf(s.Mask)
		if !at.box.Empty() {
			places = append(places, at)
		}
		saw, err := m.sight.look(ctx, s.Picture, at)
		p.defective.add(saw, i)
		p.halves[i%2].add(saw, i)
		i++
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", part, err)
	}
	i = 0
	err = m.see(ctx, normal, &m.truths.normal, func(s anomaly.Sample) error {
		var at place
		if len(places) > 0 {
			at = places[i%len(places)]
		}
		saw, err := m.sight.look(ctx, s.Picture, at)
		p.normal.add(saw, i)
		i++
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", part, err)
	}
	m.parts = append(m.parts, p)
	return nil
}

// see goes through true pictures, and asks the judge.
func (m *measuring) see(ctx context.Context, samples anomaly.Samples, t *tally, look func(anomaly.Sample) error) error {
	for s, err := range samples {
		if err == nil {
			err = look(s)
		}
		if err == nil && m.judge != nil {
			err = t.ask(ctx, m.judge, s, s.Defect)
		}
		if err != nil {
			return err
		}
		t.pictures++
	}
	return nil
}

// scale is that of all parts that were learnt.
func (m *measuring) scale() (scale, error) {
	s := scale{m.truths.defective.figures(), m.truths.normal.figures()}
	var failed error
	find := func(to **featureDistance, of view, sets func(p *truePart) (x, y *seen)) {
		var k partwise
		for _, p := range m.parts {
			x, y := sets(p)
			k.add(x[of], y[of])
		}
		d, err := k.distance()
		*to, failed = d, errors.Join(failed, err)
	}
	halves := func(p *truePart) (x, y *seen) { return &p.halves[0], &p.halves[1] }
	nothing := func(p *truePart) (x, y *seen) { return &p.normal, &p.defective }
	find(&s.True.Distance, aroundDefect, halves)
	find(&s.True.WholeDistance, wholePicture, halves)
	find(&s.Nothing.Distance, aroundDefect, nothing)
	find(&s.Nothing.WholeDistance, wholePicture, nothing)
	return s, failed
}
