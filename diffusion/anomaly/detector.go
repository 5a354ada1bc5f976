package anomaly

import (
	"context"
	"image"
)

// Detector tells how far a picture is from normal.
type Detector interface {
	// Fit learns from normal samples, and from defective ones where the method uses them. What it has
	// learned before is forgotten.
	Fit(ctx context.Context, train Samples) error
	// Detect scores a picture and each of its pixels; higher is more anomalous.
	Detect(ctx context.Context, picture *image.RGBA) (Detection, error)
}

// Detection is what a Detector says of a picture. Its numbers compare with those of the same detector only.
type Detection struct {
	Score float64
	Map   Map // of the picture's size
}
