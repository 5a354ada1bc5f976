package show

import "math"

// Mean is the mean of a table's figures; those that are not defined do not count.
type Mean struct {
	sum float64
	n   int
}

// Add adds a figure; nil is one that is not defined.
func (m *Mean) Add(v *float64) {
	if v != nil {
		m.sum += *v
		m.n++
	}
}

// Count adds 1 for yes and 0 for no.
func (m *Mean) Count(yes bool) {
	if m.n++; yes {
		m.sum++
	}
}

// Value returns the mean, nil where there were no figures.
func (m *Mean) Value() *float64 {
	if m.n == 0 {
		return nil
	}
	return Number(m.sum / float64(m.n))
}

// Number returns v for tables and for JSON, which has no word for what is not finite: that is nil.
func Number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
