package detect

import (
	"image"
	"math"
	"testing"

	"github.com/sdgraph/sdgraph/clip"
)

// TestReadingsOfWinCLIP holds each reading to its temperature, and to whether embeddings of unlike lengths count alike.
func TestReadingsOfWinCLIP(t *testing.T) {
	for reading, want := range map[Reading]float64{Official: 0.01, Anomalib: 0.07} {
		if o, err := (WinCLIPOptions{Reading: reading}).complete(15); err != nil || o.Temperature != want {
			t.Errorf("%v: temperature %v, %v, want %v", reading, o.Temperature, err, want)
		}
	}
	embeddings := []float32{3, 0, 0, 1}
	unitNear(t, "normalised before", meanText(embeddings, 2, true), []float32{math.Sqrt2 / 2, math.Sqrt2 / 2})
	root := float32(math.Sqrt(10))
	unitNear(t, "as they are", meanText(embeddings, 2, false), []float32{3 / root, 1 / root})
	// At a cosine of 1 with one text and 0 with the other the softmax is that of 1/T.
	texts := &classTexts{normal: []float32{1, 0}, defective: []float32{0, 1}}
	got := texts.anomalous([]float32{0, 1, 1, 0}, 0.5)
	unitNear(t, "anomalous", []float32{float32(got[0]), float32(got[1])}, []float32{0.8807971, 0.1192029})
}

// TestMemoryOfColours would fail if a model that takes other levels were given what it has seen with the first ones.
func TestMemoryOfColours(t *testing.T) {
	c := CLIP{Name: "same", SHA256: "same", Memory: NewMemory(1 << 10)}
	other := c
	other.Colours = clip.Colours{Mean: []float32{0, 0, 0}, Std: []float32{1, 1, 1}}
	picture, looks := image.NewRGBA(image.Rect(0, 0, 2, 2)), 0
	for _, c := range []CLIP{c, other, c} {
		if _, err := c.remembered(picture, "", func() ([]features, error) { looks++; return []features{{}}, nil }); err != nil {
			t.Fatal(err)
		}
	}
	if looks != 2 {
		t.Errorf("%d looks, want 2: one for each way to normalise", looks)
	}
}
