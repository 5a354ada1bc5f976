package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/demo/judge"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

// madePicture is a picture that a generator made.
type madePicture struct {
	part      string         // that it shows: a subject or a category
	reference string         // of which normal picture it was made; pictures of one reference follow one another
	asked     string         // the defect that was asked for; empty where none was
	normal    *image.RGBA    // the reference
	sample    anomaly.Sample // what was made of it
	seconds   float64        // that it took, with tries that came to nothing; 0 where nobody measured
}

// figures are what pictures are like. A figure that is not defined, such as the overlap with nothing, is missing.
type figures struct {
	Pictures int `json:"pictures"`

	// Of the judge of the drawn world.
	Found    *float64 `json:"found,omitempty"`     // share of the pictures in which it finds a defect
	Asked    *float64 `json:"asked,omitempty"`     // … in which it finds the one that was asked for, of those where one was
	JudgeIoU *float64 `json:"judge_iou,omitempty"` // of the mask with what it calls defective, where it finds a defect

	// Of the mask and the change, means over pictures.
	Overlap *float64 `json:"overlap,omitempty"` // IoU of the mask with the pixels that changed
	Stray   *float64 `json:"stray,omitempty"`   // share of these outside the mask
	Area    *float64 `json:"area,omitempty"`    // share of the picture that the mask takes

	// Outside is the PSNR outside the mask, of the mean squared error over all pictures: the mean of their PSNRs would be
	// infinite as soon as one is the reference's there. It is missing where all are. Untouched is their share.
	Outside   *float64 `json:"outside_psnr,omitempty"`
	Untouched *float64 `json:"untouched,omitempty"`

	// How far the pictures of one reference lie apart, the mean over references: the RMSE of levels from -1 to 1 inside
	// the masks of either, and the root mean squared difference of features of whole pictures.
	Spread        *float64 `json:"spread,omitempty"`
	FeatureSpread *float64 `json:"lite0_spread,omitempty"`

	// Distance is from the true defects, of the features of what surrounds the mask; WholeDistance of whole pictures.
	Distance      *featureDistance `json:"lite0_kid,omitempty"`
	WholeDistance *featureDistance `json:"lite0_kid_whole,omitempty"`

	Seconds *float64 `json:"seconds,omitempty"` // for a picture, the median
}

// featureDistance is a metric.KID of features of EfficientNet-Lite0, and where 95 % of it lie by the bootstrap.
type featureDistance struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Parts int     `json:"parts"` // that it is the mean of: those with pictures of at least two references, and two true ones
}

// measuring is what the pictures of generators are measured with: true pictures, the network and the judge. One goroutine
// at a time may use it.
type measuring struct {
	sight  *sight
	judge  *judge.Judge // of the drawn world; nil elsewhere
	parts  []*truePart
	truths scaleTally
}

// newMeasuring opens the network, and the judge if pictures are of the drawn world.
func newMeasuring(ctx context.Context, judged bool) (*measuring, error) {
	s, err := newSight()
	if err != nil {
		return nil, err
	}
	m := &measuring{sight: s}
	if judged {
		m.judge, err = judge.New(ctx)
	}
	return m, err
}

// measure measures the pictures of one generator, as they come.
func (m *measuring) measure(ctx context.Context, pictures iter.Seq2[madePicture, error]) (figures, error) {
	t := tally{seen: map[string]*seen{}, references: map[string]int{}}
	for p, err := range pictures {
		if err == nil {
			err = m.add(ctx, &t, p)
		}
		if err != nil {
			return figures{}, err
		}
	}
	t.endReference()
	f := t.figures()
	var err1, err2 error
	f.Distance, err1 = m.distance(&t, aroundDefect)
	f.WholeDistance, err2 = m.distance(&t, wholePicture)
	return f, errors.Join(err1, err2)
}

// add measures a picture.
func (m *measuring) add(ctx context.Context, t *tally, p madePicture) error {
	if p.reference != t.reference || p.part != t.part {
		t.endReference()
		t.reference, t.part = p.reference, p.part
		if _, before := t.references[p.reference]; !before {
			t.references[p.reference] = len(t.references)
		}
	}
	err := t.compare(p)
	if err == nil && m.judge != nil {
		err = t.ask(ctx, m.judge, p.sample, p.asked)
	}
	var saw looks
	if err == nil {
		saw, err = m.sight.look(ctx, p.sample.Picture, placeOf(p.sample.Mask))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", p.part, err)
	}
	if t.seen[p.part] == nil {
		t.seen[p.part] = new(seen)
	}
	t.seen[p.part].add(saw, t.references[p.reference])
	t.group.whole = append(t.group.whole, saw[wholePicture])
	if p.seconds > 0 {
		t.seconds = append(t.seconds, p.seconds)
	}
	t.pictures++
	return nil
}

// distance is how far pictures lie from the true ones.
func (m *measuring) distance(t *tally, of view) (*featureDistance, error) {
	var k partwise
	for _, p := range m.parts {
		if s := t.seen[p.name]; s != nil {
			k.add(s[of], p.defective[of])
		}
	}
	return k.distance()
}

// tally collects what the pictures of a generator are like.
type tally struct {
	pictures                        int
	found, asked, judged            show.Mean
	overlap, stray, area, untouched show.Mean
	outside                         show.Mean // squared errors
	spread, featureSpread           show.Mean
	seconds                         []float64
	seen                            map[string]*seen // by part
	references                      map[string]int   // numbers of those that there were

	reference, part string // of the group
	group           struct {
		pictures []*gt.Dense
		masks    [][]float32
		whole    [][]float32
	}
}

// compare compares a picture with its reference.
func (t *tally) compare(p madePicture) error {
	changed, err := anomaly.Changed(p.normal, p.sample.Picture)
	if err != nil {
		return err
	}
	size := changed.Rect.Size()
	mask, err := maskNumbers(p.sample.Mask, size)
	if err != nil {
		return err
	}
	where, _ := maskNumbers(changed, size)
	stray, err := anomaly.Stray(p.normal, p.sample)
	if err != nil {
		return err
	}
	outside, within := make([]float32, len(mask)), 0
	for i, v := range mask {
		outside[i] = 1 - v
		within += int(v)
	}
	t.area.Add(show.Number(float64(within) / float64(len(mask))))
	t.overlap.Add(show.Number(metric.IoU(mask, where)))
	t.stray.Add(show.Number(stray))
	picture := images.ForModel(p.sample.Picture)
	if e := metric.RMSE(picture, images.ForModel(p.normal), outside); !math.IsNaN(e) {
		t.outside.Add(show.Number(e * e))
		t.untouched.Count(e == 0)
	}
	t.group.pictures, t.group.masks = append(t.group.pictures, picture), append(t.group.masks, mask)
	return nil
}

// ask asks the judge what it finds.
func (t *tally) ask(ctx context.Context, j *judge.Judge, s anomaly.Sample, asked string) error {
	v, err := j.Judge(ctx, images.ForModel(s.Picture))
	if err != nil {
		return err
	}
	t.found.Count(v.Defect != "")
	if asked != "" {
		t.asked.Count(v.Defect == asked)
	}
	if v.Defect != "" && s.Mask != nil {
		mask, err := maskNumbers(s.Mask, s.Picture.Rect.Size())
		if err != nil {
			return err
		}
		t.judged.Add(show.Number(metric.IoU(mask, v.Mask)))
	}
	return nil
}

// endReference compares the pictures of one reference with each other.
func (t *tally) endReference() {
	t.spread.Add(show.Number(metric.Spread(t.group.pictures, t.group.masks)))
	if d, err := metric.FeatureSpread(t.group.whole); err == nil { // none of one picture
		t.featureSpread.Add(show.Number(d))
	}
	t.group.pictures, t.group.masks, t.group.whole = nil, nil, nil
}

func (t *tally) figures() figures {
	f := figures{
		Pictures: t.pictures,
		Found:    t.found.Value(), Asked: t.asked.Value(), JudgeIoU: t.judged.Value(),
		Overlap: t.overlap.Value(), Stray: t.stray.Value(), Area: t.area.Value(), Untouched: t.untouched.Value(),
		Spread: t.spread.Value(), FeatureSpread: t.featureSpread.Value(),
	}
	if e := t.outside.Value(); e != nil && *e > 0 {
		psnr := -10 * math.Log10(*e/4) // of levels that are at most 2 apart
		f.Outside = &psnr
	}
	if n := len(t.seconds); n > 0 {
		slices.Sort(t.seconds)
		median := (t.seconds[(n-1)/2] + t.seconds[n/2]) / 2
		f.Seconds = &median
	}
	return f
}
