package main

import (
	"math"
	"slices"
)

// Summary is what the rows of one detector, number of shots and training come to. Figures are fractions.
type Summary struct {
	Detector   string            `json:"detector"`
	Shots      shots             `json:"shots"`
	Generated  bool              `json:"generated"`
	Seeds      []uint32          `json:"seeds"`
	Figures    map[string]Spread `json:"figures"`              // of the means over categories
	Difference map[string]Spread `json:"difference,omitempty"` // of those with generated pictures from those without
	Categories []CategorySummary `json:"categories"`

	means map[uint32]map[string]float64 // over categories, of each seed
}

// CategorySummary is what the rows of one category come to.
type CategorySummary struct {
	Category string            `json:"category"`
	Figures  map[string]Spread `json:"figures"`
}

// Spread is a mean over seeds, and the deviation of what it is the mean of.
type Spread struct {
	Mean       float64  `json:"mean"`
	Deviation  *float64 `json:"deviation"` // over n-1; null of one seed
	Seeds      int      `json:"seeds"`
	Categories int      `json:"categories"` // that have the figure
}

// spread is that of numbers.
func spread(values []float64, categories int) Spread {
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum += v
	}
	s := Spread{Mean: sum / float64(len(values)), Seeds: len(values), Categories: categories}
	if len(values) > 1 {
		for _, v := range values {
			squares += (v - s.Mean) * (v - s.Mean)
		}
		deviation := math.Sqrt(squares / float64(len(values)-1))
		s.Deviation = &deviation
	}
	return s
}

// summarize sums rows up, in their order: each detector without and then with generated pictures.
func summarize(rows []*Row) (all []*Summary) {
	for _, r := range rows {
		if !slices.ContainsFunc(all, func(s *Summary) bool { return s.has(r) }) {
			all = append(all, &Summary{Detector: r.Detector, Shots: r.Shots, Generated: r.Generated})
		}
	}
	slices.SortStableFunc(all, func(a, b *Summary) int {
		return key{Detector: a.Detector, Shots: a.Shots, Generated: a.Generated}.compare(key{Detector: b.Detector, Shots: b.Shots, Generated: b.Generated})
	})
	for _, s := range all {
		s.fill(slices.DeleteFunc(slices.Clone(rows), func(r *Row) bool { return !s.has(r) }))
	}
	for _, s := range all {
		if i := slices.IndexFunc(all, s.isWithout); s.Generated && i >= 0 {
			s.compare(all[i])
		}
	}
	return all
}

// has reports whether a row is one of those that are summed up.
func (s *Summary) has(r *Row) bool {
	return s.Detector == r.Detector && s.Shots == r.Shots && s.Generated == r.Generated
}

// isWithout reports whether another one is the same without generated pictures.
func (s *Summary) isWithout(other *Summary) bool {
	return other.Detector == s.Detector && other.Shots == s.Shots && !other.Generated
}

// fill computes means and deviations of rows.
func (s *Summary) fill(rows []*Row) {
	s.Figures, s.means = map[string]Spread{}, map[uint32]map[string]float64{}
	categories := map[string][]*Row{}
	var names []string
	for _, r := range rows {
		if categories[r.Category] == nil {
			names = append(names, r.Category)
		}
		categories[r.Category] = append(categories[r.Category], r)
		if s.means[r.Seed] == nil {
			s.Seeds, s.means[r.Seed] = append(s.Seeds, r.Seed), map[string]float64{}
		}
	}
	slices.Sort(s.Seeds)
	for _, m := range metrics {
		var means []float64
		having := 0
		for _, seed := range s.Seeds {
			of := slices.DeleteFunc(slices.Clone(rows), func(r *Row) bool { return r.Seed != seed })
			if values := defined(of, m.of); len(values) > 0 {
				s.means[seed][m.name] = spread(values, 1).Mean
				means, having = append(means, s.means[seed][m.name]), max(having, len(values))
			}
		}
		if len(means) > 0 {
			s.Figures[m.name] = spread(means, having)
		}
	}
	for _, name := range names {
		c := CategorySummary{Category: name, Figures: map[string]Spread{}}
		for _, m := range metrics {
			if values := defined(categories[name], m.of); len(values) > 0 {
				c.Figures[m.name] = spread(values, 1)
			}
		}
		s.Categories = append(s.Categories, c)
	}
}

// defined are the figures of rows, without those that have none.
func defined(rows []*Row, of func(*Row) *float64) (values []float64) {
	for _, r := range rows {
		if v := of(r); v != nil {
			values = append(values, *v)
		}
	}
	return values
}

// compare computes the differences from the same detector without generated pictures, seed by seed.
func (s *Summary) compare(without *Summary) { s.Difference = s.differences(without) }

// differences are those of figures from another summary's, seed by seed.
func (s *Summary) differences(from *Summary) map[string]Spread {
	all := map[string]Spread{}
	for _, m := range metrics {
		var more []float64
		for _, seed := range s.Seeds {
			with, ok1 := s.means[seed][m.name]
			before, ok2 := from.means[seed][m.name]
			if ok1 && ok2 {
				more = append(more, with-before)
			}
		}
		if len(more) > 0 {
			all[m.name] = spread(more, s.Figures[m.name].Categories)
		}
	}
	return all
}
