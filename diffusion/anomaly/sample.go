package anomaly

import (
	"image"
	"iter"
)

// Sample is a picture of a part, and what is wrong with it.
type Sample struct {
	Picture *image.RGBA
	Mask    *image.Gray // of the picture's size, white where it is defective; nil for a normal part
	Defect  string      // such as "crack"; empty for a normal part
	Path    string      // of the file that it was read from, if any
}

// Samples are read as they are used. An error ends them.
type Samples = iter.Seq2[Sample, error]
