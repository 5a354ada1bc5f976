package detect

import (
	"image"
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// TestMemory: detectors of a network with a memory say what they would without, to the bit, and find there what another
// one has seen.
func TestMemory(t *testing.T) {
	remembering := network()
	remembering.Memory = NewMemory(1 << 20)
	lessons := samples(append(normals(70, 60, 1), spotted(70, 60, 5, image.Rect(20, 20, 40, 40)))...)
	plain, others := made(t, network(), Official), made(t, remembering, Official)
	for name, d := range plain {
		for _, d := range []anomaly.Detector{d, others[name]} {
			if err := d.Fit(t.Context(), lessons); err != nil {
				t.Fatal(err)
			}
		}
		for _, seed := range []uint64{7, 8, 7} {
			want, err1 := d.Detect(t.Context(), part(70, 60, seed))
			got, err2 := others[name].Detect(t.Context(), part(70, 60, seed))
			if err1 != nil || err2 != nil || got.Score != want.Score || !slices.Equal(got.Map.Values, want.Map.Values) {
				t.Errorf("%s: score %v, want %v; %v, %v", name, got.Score, want.Score, err1, err2)
			}
		}
	}
	// Two pictures to learn from and two to look at, as PatchCore and the probe see them and as PaDiM does, which does
	// not look at the defective one.
	if got := len(remembering.Memory.features); got != 7 {
		t.Errorf("%d pictures are remembered, want 7", got)
	}
}

// TestMemoryIsBounded: what does not fit is not kept, and pictures of the same bytes in another shape are others.
func TestMemoryIsBounded(t *testing.T) {
	n := network()
	n.Memory = NewMemory(5000)
	d := made(t, n, Anomalib)["PatchCore"]
	if err := d.Fit(t.Context(), samples(normals(64, 64, 1)...)); err != nil { // 8×8 and 4×4 vectors of 6 numbers
		t.Fatal(err)
	}
	for seed := range uint64(4) {
		if _, err := d.Detect(t.Context(), part(64, 64, 50+seed)); err != nil {
			t.Fatal(err)
		}
	}
	if got, held := len(n.Memory.features), n.Memory.held; got != 2 || held != 2*4*(64+16)*6 {
		t.Errorf("%d pictures of %d bytes are remembered, want 2", got, held)
	}
	n.Memory.Forget()
	if got, held := len(n.Memory.features), n.Memory.held; got != 0 || held != 0 {
		t.Errorf("%d pictures of %d bytes are remembered after all was forgotten", got, held)
	}
	wide := part(40, 20, 1)
	high := &image.RGBA{Pix: wide.Pix, Stride: 80, Rect: image.Rect(0, 0, 20, 40)}
	e := d.(*PatchCore).eye
	if e.key(wide) == e.key(high) {
		t.Error("a picture is taken for another one of the same bytes")
	}
	if part := wide.SubImage(image.Rect(5, 5, 25, 15)).(*image.RGBA); e.key(part) != e.key(copied(part)) {
		t.Error("a part of a picture is not the same picture")
	}
}

// copied is a picture with rows that lie next to each other.
func copied(m *image.RGBA) *image.RGBA {
	out := image.NewRGBA(image.Rectangle{Max: m.Rect.Size()})
	for y := range m.Rect.Dy() {
		copy(out.Pix[y*out.Stride:][:out.Stride], m.Pix[y*m.Stride:])
	}
	return out
}
