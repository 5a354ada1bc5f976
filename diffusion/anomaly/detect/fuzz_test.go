package detect

import (
	"errors"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// FuzzLoad: whatever a file says, it is an error or a detector, and neither Load nor Detect panics.
func FuzzLoad(f *testing.F) {
	deep := []string{"16"} // 2×2 patches
	core, err1 := NewPatchCore(network(), PatchCoreOptions{Reading: Anomalib, Layers: deep, Size: 32})
	place, err2 := NewPaDiM(network(), PaDiMOptions{Reading: Anomalib, Layers: deep, Size: 32, Dimension: 2})
	probe, err3 := NewProbe(network(), ProbeOptions{Reading: Anomalib, Layers: deep, Size: 32})
	both, err4 := NewWeighted(place, probe)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		f.Fatal(err)
	}
	for _, d := range []anomaly.Detector{core, place, probe, both} {
		path := filepath.Join(f.TempDir(), "detector")
		train := append(normals(32, 32, 2), spotted(32, 32, 9, image.Rect(8, 8, 24, 24)))
		if err := d.Fit(f.Context(), samples(train...)); err != nil {
			f.Fatal(err)
		}
		if err := Save(path, d); err != nil {
			f.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "detector")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Load(t.Context(), path, func(_, sha string) (Network, error) {
			n := network()
			n.SHA256 = sha
			return n, nil
		})
		if err == nil {
			_, _ = d.Detect(t.Context(), part(32, 32, 1))
		}
	})
}
