package anomaly

import (
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// Map is a number for each pixel, row by row.
type Map struct {
	Values        []float32
	Width, Height int
}

// Validate is an error if the map has no pixels or more than images.MaxPixels, not as many numbers as
// pixels, or a number that is not finite.
func (m Map) Validate() error {
	if err := images.CheckSize(m.Width, m.Height); err != nil {
		return fmt.Errorf("a map like %w", err)
	}
	if n := m.Width * m.Height; len(m.Values) != n {
		return fmt.Errorf("a map of %d×%d pixels has %d numbers, want %d", m.Width, m.Height, len(m.Values), n)
	}
	notFinite := func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }
	if i := slices.IndexFunc(m.Values, notFinite); i >= 0 {
		return fmt.Errorf("the map is %v at pixel %d, %d", m.Values[i], i%m.Width, i/m.Width)
	}
	return nil
}

// At returns the number of a pixel, 0 for one that the map has not.
func (m Map) At(x, y int) float32 {
	if x < 0 || x >= m.Width || y < 0 || y >= m.Height || y*m.Width+x >= len(m.Values) {
		return 0
	}
	return m.Values[y*m.Width+x]
}

// Max returns the largest number, 0 for a map that has none.
func (m Map) Max() float32 {
	if len(m.Values) == 0 {
		return 0
	}
	return slices.Max(m.Values)
}

// HeatMap shows the map over a picture of its size, as images.HeatMap does: from black (0) over violet
// and orange to light yellow (1).
func (m Map) HeatMap(picture *image.RGBA) (*image.RGBA, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if err := images.Check(picture); err != nil {
		return nil, err
	}
	if size := picture.Rect.Size(); size != image.Pt(m.Width, m.Height) {
		return nil, fmt.Errorf("a map of %d×%d pixels does not lie on a picture of %d×%d", m.Width, m.Height, size.X, size.Y)
	}
	return images.HeatMap(picture, m.Values)
}
