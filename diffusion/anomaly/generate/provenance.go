package generate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// Provenance is how a picture was made: with the same pictures and options, an anomaly.Player of its draws makes it
// again.
type Provenance struct {
	Generator string            `json:"generator"` // "NSA", "DRAEM", "CutPaste", "SDAS", "AnomalyDiffusion" or "O2MAG"
	Preset    Preset            `json:"preset"`
	Options   any               `json:"options"`         // the method's struct, with what was left to rules filled in
	Draws     []anomaly.Draw    `json:"draws"`           // all random choices, those of tries in which nothing changed first
	Pictures  map[string]string `json:"pictures_sha256"` // Digest of each picture that was read, by what it was to the method
	Notes     []string          `json:"notes,omitempty"` // what the method did that was not asked for
	Unchanged bool              `json:"unchanged,omitempty"`
	Model     []string          `json:"model,omitempty"`         // of a method that has one: paths of the files with weights
	Texts     map[string]string `json:"config_sha256,omitempty"` // and SHA-256 of its configurations and vocabularies, by their paths
	Measured  map[string]any    `json:"measured,omitempty"`      // what the method found out on its way
}

// Digest returns the SHA-256 of a picture's size and pixels as hexadecimal digits, so that a picture is known again
// whatever file it comes from: "WIDTHxHEIGHT\n", and R, G, B of each pixel, row by row; of a mask one number for each. What is no picture, nil or with fewer values than its bounds need, has 0×0
// pixels.
func Digest(picture image.Image) string {
	h := sha256.New()
	size := images.Bounds(picture).Size()
	switch p := picture.(type) {
	case *image.RGBA:
		if images.Check(p) != nil {
			size = image.Point{}
		}
	case *image.Gray:
		if size != (image.Point{}) && (p.Stride < size.X || len(p.Pix) < (size.Y-1)*p.Stride+size.X) {
			size = image.Point{}
		}
	}
	fmt.Fprintf(h, "%dx%d\n", size.X, size.Y)
	row := make([]uint8, 3*size.X)
	for y := range size.Y {
		switch p := picture.(type) {
		case *image.RGBA:
			from := p.Pix[y*p.Stride:]
			for x := range size.X {
				copy(row[3*x:3*x+3], from[4*x:])
			}
			h.Write(row)
		case *image.Gray:
			h.Write(p.Pix[y*p.Stride:][:size.X])
		default:
			at := picture.Bounds().Min.Add(image.Pt(0, y))
			for x := range size.X {
				c := color.NRGBAModel.Convert(picture.At(at.X+x, at.Y)).(color.NRGBA)
				row[3*x], row[3*x+1], row[3*x+2] = c.R, c.G, c.B
			}
			h.Write(row)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
