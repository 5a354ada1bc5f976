package dataset

import (
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// TestForReaders writes data sets of drawn masks into the folder that SDGRAPH_LAYOUTS names, where
// testdata/read.py reads them with trainers' own readers (make layouts): many photographs, and of
// one part one alone; regions with holes, regions that touch in corners, and several in a picture;
// words that are no plain names.
func TestForReaders(t *testing.T) {
	out := os.Getenv("SDGRAPH_LAYOUTS")
	if out == "" {
		t.Skip("SDGRAPH_LAYOUTS is not set")
	}
	r := rand.New(rand.NewPCG(5, 6))
	var items []Entry
	for i := range 12 {
		part, source := "metal nut", fmt.Sprint("photograph ", i)
		if i == 0 {
			part = "猫"
		}
		items = append(items, NewEntry(part, source, speckled(r, "")))
		for range 12 {
			for _, defect := range []string{"crack", "Hole: #1", "crack and stain"} {
				items = append(items, NewEntry(part, source, speckled(r, defect)))
			}
		}
	}
	for _, layout := range Layouts() {
		if _, err := Write(t.Context(), filepath.Join(out, "dataset-"+string(layout)), items, Options{Layout: layout, Train: 0.7}); err != nil {
			t.Fatal(err)
		}
	}
}

// speckled is a grey picture with a mask of random pixels, of more or fewer of them; some are empty.
func speckled(r *rand.Rand, defect string) anomaly.Sample {
	s := anomaly.Sample{Picture: image.NewRGBA(image.Rect(0, 0, 41, 30)), Defect: defect, Path: defect + ".png"}
	for i := range s.Picture.Pix {
		s.Picture.Pix[i] = 255
	}
	if defect == "" {
		return s
	}
	s.Mask = image.NewGray(s.Picture.Rect)
	share := r.Float64() - 0.05
	for i := range s.Mask.Pix {
		if r.Float64() < share {
			s.Mask.Pix[i] = 255
		}
	}
	return s
}
