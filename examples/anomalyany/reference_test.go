package main

import (
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// maskFile is a mask with a white square.
func maskFile(t *testing.T, width, height int, at image.Rectangle) string {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, width, height))
	for y := at.Min.Y; y < at.Max.Y; y++ {
		for x := at.Min.X; x < at.Max.X; x++ {
			m.SetGray(x, y, color.Gray{255})
		}
	}
	path := filepath.Join(t.TempDir(), "mask.png")
	if err := images.WritePNG(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestO2MAG makes pictures of an example, twice the same, and again; of another example --from wants to be told.
func TestO2MAG(t *testing.T) {
	photograph, reference := grainy(t, "part.png", 96, 64, 1), grainy(t, "defect.png", 192, 128, 2)
	mask := maskFile(t, 192, 128, image.Rect(80, 50, 110, 80))
	o2mag := func(args ...string) Spec {
		return asking(t, append(args, "--generator=o2mag", "--reference", reference, "--reference-mask", mask, "--shows=dent", "--model", modelA, "--image", photograph, "--size=64", "--steps=4", "--object=cap")...)
	}
	f := o2mag("--n=2")
	runAsked(t, f)
	const name = "cap-o2mag-0000.png"
	r := readRecord(t, f, "cap-o2mag-0000.json")
	if r.Inputs["reference"] == "" || r.Inputs["reference-mask"] == "" || len(r.Model) == 0 || r.Options.Steps != 4 || r.Options.Guidance != 7.5 || r.Prompt != "a photo of a cap with a dent on it" {
		t.Errorf("the record is %+v", r)
	}
	whole := pngs(t, f.Out)
	if err := os.Remove(filepath.Join(f.Out, name)); err != nil {
		t.Fatal(err)
	}
	f.Resume = true
	runAsked(t, f)
	if diff := cmp.Diff(whole, pngs(t, f.Out)); diff != "" {
		t.Error("a second run makes other pictures")
	}
	from, err := parse(t, "--from", filepath.Join(f.Out, name))
	if err != nil {
		t.Fatal(err)
	}
	runAsked(t, from)
	if made := string(readFile(t, from.Out, name)); made != whole[name] {
		t.Error("--from makes another picture")
	}
	runAsked(t, o2mag("--shape=ellipse", "--shape-size=25..30", "--tile", "--steps=2"))

	if err := os.Rename(maskFile(t, 192, 128, image.Rect(70, 50, 110, 80)), mask); err != nil {
		t.Fatal(err)
	}
	from.Out = t.TempDir()
	if err := run(t.Context(), from); err == nil || !strings.Contains(err.Error(), "mask of the photograph of the defect") || !strings.Contains(err.Error(), "--reference-mask") {
		t.Errorf("of another mask: %v", err)
	}
	for says, change := range map[string]func(f *Spec){
		"must have the photograph's size": func(f *Spec) { f.ReferenceMask = maskFile(t, 64, 64, image.Rect(1, 1, 9, 9)) },
		"want pictures of one shape": func(f *Spec) {
			f.Reference, f.ReferenceMask = grainy(t, "s.png", 64, 192, 3), maskFile(t, 64, 192, image.Rect(9, 80, 30, 110))
		},
		"whose words are made stronger": func(f *Spec) { f.Shows, f.Prompt = "crack", "a cap with a dent" },
	} {
		f := o2mag()
		change(&f)
		if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
	}
}
