package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/metric"
	"github.com/sdgraph/sdgraph/examples/internal/show"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// GenerationReport is results.json: all figures, and what they stand on.
type GenerationReport struct {
	Format     int                 `json:"generation"` // generationFormat
	Version    string              `json:"program"`
	Decoder    string              `json:"decoder"`
	Networks   []SeenBy            `json:"networks"`
	Splits     int                 `json:"splits"`
	Seed       uint32              `json:"seed"`
	Pool       string              `json:"inception_score_of"`
	Rule       string              `json:"ic_lpips_rule"`
	Region     string              `json:"ic_lpips_region"`
	Means      GenerationMeans     `json:"means"`
	Categories []*CategoryJudgment `json:"categories"`
	Published  []Published         `json:"published,omitempty"`
}

// generationFormat changes when figures come to mean something else.
const generationFormat = 1

// SeenBy is a network that has looked at the pictures.
type SeenBy struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Sees   string `json:"sees"`
}

// GenerationMeans are means over categories; null where no category has the figure.
type GenerationMeans struct {
	IS        *float64            `json:"inception_score"`
	ICLPIPS   *float64            `json:"ic_lpips"`
	EmptyAs0  *float64            `json:"ic_lpips_with_empty_clusters_as_0"`
	CMMD      *float64            `json:"cmmd"`
	FID       *float64            `json:"fid"`
	Agreement *float64            `json:"agreement"`
	KID       map[string]*float64 `json:"kid"`
}

// CategoryJudgment is what the generated pictures of a category are worth.
type CategoryJudgment struct {
	Category  string               `json:"category"`
	Made      int                  `json:"generated"`
	Real      int                  `json:"true_with_defects"`
	Normal    int                  `json:"true_normal"`
	Types     []*TypeJudgment      `json:"types"`
	IS        *float64             `json:"inception_score"` // mean over types, or of all
	Pooled    *metric.Score        `json:"inception_score_of_all,omitempty"`
	ICLPIPS   *float64             `json:"ic_lpips"` // mean over types
	EmptyAs0  *float64             `json:"ic_lpips_with_empty_clusters_as_0"`
	KID       map[string]*Distance `json:"kid,omitempty"`
	CMMD      *Distance            `json:"cmmd,omitempty"`
	FID       *float64             `json:"fid"`
	Agreement *float64             `json:"agreement"` // share of what changed that is inside the masks
	Compared  int                  `json:"agreement_of"`
	Notes     []string             `json:"notes,omitempty"` // why figures are not there
}

// TypeJudgment is that of one defect.
type TypeJudgment struct {
	Type     string        `json:"type"`
	Made     int           `json:"generated"`
	Real     int           `json:"true"`
	IS       *metric.Score `json:"inception_score,omitempty"`
	ICLPIPS  *float64      `json:"ic_lpips"`
	EmptyAs0 *float64      `json:"ic_lpips_with_empty_clusters_as_0"`
	Centres  int           `json:"centres"`
	Sizes    []int         `json:"cluster_sizes,omitempty"`
	Used     int           `json:"clusters_used"`
}

// Distance is how far generated pictures are from true ones with defects, beside what gives it a scale.
type Distance struct {
	Value   float64          `json:"value"`
	Low     *float64         `json:"low"` // of a 95 % interval
	High    *float64         `json:"high"`
	Floor   *float64         `json:"floor"`   // one half of the true ones from the other
	Nothing *float64         `json:"nothing"` // normal pictures from true ones with defects
	Subsets *SubsetsDistance `json:"subsets,omitempty"`
}

// SubsetsDistance is torch-fidelity's KID.
type SubsetsDistance struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
	metric.KIDSubsets
}

// judge computes all figures of what was looked at.
func (g *Generation) judge(ctx context.Context, all []*madeCategory, lookers []*looker, pairs *pairer) (*GenerationReport, error) {
	r := &GenerationReport{
		Format: generationFormat, Version: version(), Decoder: decoder(), Splits: g.Splits, Seed: g.Seed, Pool: g.Pool, Rule: g.Rule, Region: g.Region,
	}
	for _, l := range lookers {
		r.Networks = append(r.Networks, SeenBy{l.title, l.sha256, l.sees})
	}
	if pairs != nil {
		r.Networks = append(r.Networks, SeenBy{"LPIPS", pairs.sha256, pairs.sees})
	}
	for _, c := range all {
		j, err := g.judgeCategory(ctx, c, lookers, pairs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		r.Categories = append(r.Categories, j)
	}
	r.Means = meansOf(r.Categories)
	if s, _, ok := setOf(r.names()); ok && s.name == "MVTec AD" {
		r.Published = publishedGenerators
	}
	return r, nil
}

func (r *GenerationReport) names() (names []string) {
	for _, c := range r.Categories {
		names = append(names, c.Category)
	}
	return names
}

func (g *Generation) judgeCategory(ctx context.Context, c *madeCategory, lookers []*looker, pairs *pairer) (*CategoryJudgment, error) {
	j := &CategoryJudgment{Category: c.name, Made: len(c.made()), Real: len(c.real()), Normal: len(c.normal)}
	for _, t := range c.types {
		j.Types = append(j.Types, &TypeJudgment{Type: t.name, Made: len(t.made), Real: len(t.real)})
	}
	for _, l := range lookers {
		var err error
		switch l.name {
		case inceptionLooker:
			err = errors.Join(g.judgeScores(j, c, l), g.judgeFID(j, c, l), g.judgeKID(j, c, l, func(v []float32) []float32 { return v[inceptionLogits:] }))
		case clipLooker:
			err = g.judgeCMMD(j, c, l)
		default:
			err = g.judgeKID(j, c, l, func(v []float32) []float32 { return v })
		}
		if err != nil {
			return nil, err
		}
	}
	return j, errors.Join(g.judgePairs(ctx, j, c, pairs), j.judgeAgreement(ctx, c))
}

// note says why a figure is not there.
func (j *CategoryJudgment) note(format string, a ...any) {
	if text := fmt.Sprintf(format, a...); !slices.Contains(j.Notes, text) {
		j.Notes = append(j.Notes, text)
	}
}

// judgeScores takes inception scores, of each defect or of all.
func (g *Generation) judgeScores(j *CategoryJudgment, c *madeCategory, l *looker) error {
	if !g.wants(metricIS) {
		return nil
	}
	score := func(pictures []*specimen) (*metric.Score, error) {
		if len(pictures) < g.Splits {
			j.note("no inception score of %d pictures in %d splits", len(pictures), g.Splits)
			return nil, nil
		}
		logits := l.of(pictures)
		for i := range logits {
			logits[i] = logits[i][:inceptionLogits]
		}
		s, err := metric.InceptionScore(logits, metric.InceptionScoreOptions{Splits: g.Splits, Seed: g.Seed})
		return &s, err
	}
	var mean show.Mean
	if g.Pool == "category" {
		s, err := score(c.made())
		if err != nil {
			return err
		}
		if j.Pooled = s; s != nil {
			mean.Add(&s.Mean)
		}
	} else {
		for i, t := range c.types {
			s, err := score(t.made)
			if err != nil {
				return err
			}
			if j.Types[i].IS = s; s != nil {
				mean.Add(&s.Mean)
			}
		}
	}
	j.IS = mean.Value()
	return nil
}

// featuresOf are the features of pictures, cut by part.
func featuresOf(l *looker, pictures []*specimen, part func([]float32) []float32) [][]float32 {
	all := l.of(pictures)
	for i, v := range all {
		all[i] = part(v)
	}
	return all
}

// halves are every second picture, and the others.
func halves[T any](all []T) (a, b []T) {
	for i, v := range all {
		if i%2 == 0 {
			a = append(a, v)
		} else {
			b = append(b, v)
		}
	}
	return a, b
}

// leastOfTwo is how many pictures a distance wants of each set.
const leastOfTwo = 2

func (g *Generation) judgeKID(j *CategoryJudgment, c *madeCategory, l *looker, part func([]float32) []float32) error {
	if !g.wants(metricKID) {
		return nil
	}
	made, real, normal := featuresOf(l, c.made(), part), featuresOf(l, c.real(), part), featuresOf(l, c.normal, part)
	if min(len(made), len(real)) < leastOfTwo {
		j.note("no KID of %d generated and %d true pictures with defects", len(made), len(real))
		return nil
	}
	var k metric.KID
	if err := k.Add(metric.FeatureSet{Features: made}, metric.FeatureSet{Features: real}); err != nil {
		return err
	}
	value, err := k.Value()
	if err != nil {
		return err
	}
	low, high, err := k.Interval(resamples, uint64(g.Seed))
	if err != nil {
		return err
	}
	d := &Distance{Value: value, Low: &low, High: &high}
	one := func(x, y [][]float32) (float64, error) {
		var k metric.KID
		if err := k.Add(metric.FeatureSet{Features: x}, metric.FeatureSet{Features: y}); err != nil {
			return 0, err
		}
		return k.Value()
	}
	if err := d.scale(real, normal, one); err != nil {
		return err
	}
	if o := metric.DefaultKIDSubsets(); g.Compat && min(len(made), len(real)) >= o.Size {
		mean, deviation, err := metric.SubsetKID(made, real, o)
		if err != nil {
			return err
		}
		d.Subsets = &SubsetsDistance{mean, deviation, o}
	} else if g.Compat {
		j.note("no KID of torch-fidelity's subsets: %d generated and %d true pictures, want %d of each", len(made), len(real), o.Size)
	}
	if j.KID == nil {
		j.KID = map[string]*Distance{}
	}
	j.KID[l.title] = d
	return nil
}

// scale adds the two figures that a distance is to be read against.
func (d *Distance) scale(real, normal [][]float32, distance func(x, y [][]float32) (float64, error)) error {
	if a, b := halves(real); min(len(a), len(b)) >= leastOfTwo {
		v, err := distance(a, b)
		if err != nil {
			return err
		}
		d.Floor = &v
	}
	if len(normal) >= leastOfTwo {
		v, err := distance(normal, real)
		if err != nil {
			return err
		}
		d.Nothing = &v
	}
	return nil
}

func (g *Generation) judgeCMMD(j *CategoryJudgment, c *madeCategory, l *looker) error {
	if !g.wants(metricCMMD) {
		return nil
	}
	made, real := l.of(c.made()), l.of(c.real())
	if min(len(made), len(real)) < leastOfTwo {
		j.note("no CMMD of %d generated and %d true pictures with defects", len(made), len(real))
		return nil
	}
	v, err := metric.CMMD(made, real)
	if err != nil {
		return err
	}
	j.CMMD = &Distance{Value: v}
	return j.CMMD.scale(real, l.of(c.normal), metric.CMMD)
}

func (g *Generation) judgeFID(j *CategoryJudgment, c *madeCategory, l *looker) error {
	if !g.wants(metricFID) {
		return nil
	}
	pooled := func(v []float32) []float32 { return v[inceptionLogits:] }
	v, err := metric.FID(featuresOf(l, c.made(), pooled), featuresOf(l, c.real(), pooled))
	if errors.Is(err, metric.ErrTooFew) {
		j.note("no FID: %v", err)
		return nil
	}
	j.FID = &v
	return err
}

// judgePairs takes IC-LPIPS of distances that are known.
func (g *Generation) judgePairs(ctx context.Context, j *CategoryJudgment, c *madeCategory, p *pairer) error {
	if p == nil {
		return nil
	}
	if err := p.recall(g.pairFile(c)); err != nil {
		return err
	}
	var means, zeros show.Mean
	for i, t := range c.types {
		clusters, err := g.clusters(ctx, p, t, func() {})
		if err != nil {
			return err
		}
		d, err := metric.ICLPIPS(clusters, func(a, b int) (float64, error) { return p.distance(ctx, t.made[a], t.made[b]) })
		if err != nil {
			return err
		}
		of := j.Types[i]
		of.Centres, of.Sizes, of.Used, of.EmptyAs0 = len(centresOf(t)), d.Sizes, d.Used, &d.EmptyAs0
		zeros.Add(&d.EmptyAs0)
		of.ICLPIPS = show.Number(d.Mean)
		means.Add(of.ICLPIPS)
		if of.Centres == 0 {
			j.note("%s: of %d true pictures no third to cluster by, IC-LPIPS is the mean distance of all pairs", t.name, len(t.real))
		}
	}
	j.ICLPIPS, j.EmptyAs0 = means.Value(), zeros.Value()
	return nil
}

// judgeAgreement compares generated pictures with what they were made of, where that is known and there.
func (j *CategoryJudgment) judgeAgreement(ctx context.Context, c *madeCategory) error {
	of := map[string]*specimen{}
	for _, s := range c.sources {
		of[s.digest] = s
	}
	var agreement show.Mean
	unchanged := 0
	for _, p := range c.made() {
		source := of[c.madeOf[p.picture]]
		if source == nil || p.mask == "" {
			continue
		}
		before, err1 := images.ReadFS(ctx, source.root, source.picture)
		after, err2 := images.ReadFS(ctx, p.root, p.picture)
		mask, err3 := images.ReadTruthFS(ctx, p.root, p.mask)
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		if before.Rect.Size() != after.Rect.Size() {
			continue
		}
		changed, err := anomaly.Changed(before, after)
		if err == nil && !slices.Contains(changed.Pix, 255) {
			unchanged++ // a generator that does nothing is no good one
			continue
		}
		stray, failed := anomaly.Stray(before, anomaly.Sample{Picture: after, Mask: mask})
		if err := errors.Join(err, failed); err != nil {
			return fmt.Errorf("%s: %w", p.picture, err)
		}
		inside := 1 - stray
		agreement.Add(&inside)
		j.Compared++
	}
	if unchanged > 0 {
		j.note("%d pictures are what they were made of, unchanged: agreement is of the others", unchanged)
	}
	j.Agreement = agreement.Value()
	return nil
}

// meansOf are the means over categories that have a figure.
func meansOf(all []*CategoryJudgment) GenerationMeans {
	mean := func(of func(*CategoryJudgment) *float64) *float64 {
		var m show.Mean
		for _, c := range all {
			m.Add(of(c))
		}
		return m.Value()
	}
	m := GenerationMeans{
		IS:        mean(func(c *CategoryJudgment) *float64 { return c.IS }),
		ICLPIPS:   mean(func(c *CategoryJudgment) *float64 { return c.ICLPIPS }),
		EmptyAs0:  mean(func(c *CategoryJudgment) *float64 { return c.EmptyAs0 }),
		Agreement: mean(func(c *CategoryJudgment) *float64 { return c.Agreement }),
		CMMD:      mean(func(c *CategoryJudgment) *float64 { return c.CMMD.value() }),
		FID:       mean(func(c *CategoryJudgment) *float64 { return c.FID }),
		KID:       map[string]*float64{},
	}
	for _, name := range kidsOf(all) {
		m.KID[name] = mean(func(c *CategoryJudgment) *float64 { return c.KID[name].value() })
	}
	return m
}

func (d *Distance) value() *float64 {
	if d == nil {
		return nil
	}
	return &d.Value
}

// kidsOf are the networks of which there are KIDs.
func kidsOf(all []*CategoryJudgment) (names []string) {
	for _, c := range all {
		for name := range c.KID {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}
