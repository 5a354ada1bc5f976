package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/tensor/images"
)

// keeping is a Spec of a small picture whose part is kept.
func keeping(t *testing.T) Spec {
	t.Helper()
	f := small(t)
	f.Image = writeScene(t, 150, 100, 0.4, 0.4, 0.35)
	f.Kept = Kept{KeepPart: true, Margin: 6, Feather: 4, Blend: 0.2}
	return f
}

// TestKeepPart: outside the defect and its margin every pixel is the photograph's, and the model's own picture is there
// beside it where it is asked for, the one that a run without makes.
func TestKeepPart(t *testing.T) {
	f := keeping(t)
	f.Both, f.Soft = true, true
	names := runAll(t, f)
	if !slices.Contains(names, "hazelnut-crack-0000-soft.png") {
		t.Errorf("the soft map is not among %v", names)
	}
	if !slices.Contains(names, "hazelnut-crack-0000-model.png") {
		t.Errorf("the model's own picture is not among %v", names)
	}
	photograph := readPicture(t, f, onlyPhotograph(t, names))
	picture, mask := readPicture(t, f, "hazelnut-crack-0000.png"), readPicture(t, f, "hazelnut-crack-0000-mask.png")
	size := picture.Rect.Size()
	distance, err := images.Distances(images.Binary(mask), size.Y, size.X)
	if err != nil {
		t.Fatal(err)
	}
	soft := readPicture(t, f, "hazelnut-crack-0000-soft.png")
	if most := slices.Max(images.Luminance(soft)); soft.Rect != picture.Rect || most < 0.99 {
		t.Errorf("the soft map is %v, up to %g, want %v, up to 1", soft.Rect, most, picture.Rect)
	}
	inside, outside := 0, 0
	for i, d := range distance {
		same := picture.RGBAAt(i%size.X, i/size.X) == photograph.RGBAAt(i%size.X, i/size.X)
		switch {
		case d == 0 && !same:
			inside++
		case d > 6:
			if outside++; !same {
				t.Fatalf("pixel %d, %d has changed, %g pixels from the defect", i%size.X, i/size.X, d)
			}
		}
	}
	if inside == 0 || outside == 0 {
		t.Errorf("%d pixels have changed in the defect, and %d are far from it", inside, outside)
	}
	free := f
	free.Kept, free.Out = Kept{}, filepath.Join(t.TempDir(), "free")
	runAll(t, free)
	if !slices.Equal(readPicture(t, f, "hazelnut-crack-0000-model.png").Pix, readPicture(t, free, "hazelnut-crack-0000.png").Pix) {
		t.Error("the model's own picture is not that of a run which does not keep the part")
	}
	if !slices.Equal(mask.Pix, readPicture(t, free, "hazelnut-crack-0000-mask.png").Pix) {
		t.Error("the mask depends on the part's being kept")
	}
	x, err := readIndex(f.Out)
	if err != nil {
		t.Fatal(err)
	}
	s := x.Entries[0].Scores
	if s.Outside == nil || s.Outside.Share != 0 || s.Inside == nil || *s.Inside == 0 || s.Part == nil || s.Sees == nil {
		t.Errorf("scores %+v", s)
	}
	page, err := os.ReadFile(filepath.Join(f.Out, "index.html"))
	if err != nil || !strings.Contains(string(page), "hazelnut-crack-0000-model.png") {
		t.Errorf("the page does not lead to the model's own picture: %v", err)
	}
}

// TestKeepPartOverwritesNothing: a file of somebody else in the place of one that is asked for is refused before anything
// is computed, an own one of another run is not in the way.
func TestKeepPartOverwritesNothing(t *testing.T) {
	for _, name := range []string{"hazelnut-crack-0000-model.png", "hazelnut-crack-0000-soft.png"} {
		f := keeping(t)
		f.Both, f.Soft = true, true
		if err := os.Mkdir(f.Out, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(f.Out, name)
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, name, f, name)
		if data, err := os.ReadFile(path); err != nil || string(data) != "mine" {
			t.Errorf("%s was overwritten", name)
		}
	}
}

// onlyPhotograph is the name of the photograph as pictures are compared with it.
func onlyPhotograph(t *testing.T, names []string) string {
	t.Helper()
	i := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, "photograph-") })
	if i < 0 {
		t.Fatalf("there is no photograph among %v", names)
	}
	return names[i]
}

// TestKeepPartInAWindow leaves all of a photograph alone but the defect, of a large one in a window, and where a mask is
// too thin to be seen without being magnified.
func TestKeepPartInAWindow(t *testing.T) {
	for name, tile := range map[string]bool{"window": true, "magnified": false} {
		f := keeping(t)
		f.Image, f.Tile = writeScene(t, 400, 300, 0.4, 0.4, 0.35), tile
		f.Mask = writeMask(t, 400, 300, 0.45, 0.45, 0.5, 0.48)
		written := runAll(t, f)
		photograph := readPicture(t, f, onlyPhotograph(t, written))
		picture, mask := readPicture(t, f, "hazelnut-crack-0000.png"), readPicture(t, f, "hazelnut-crack-0000-mask.png")
		size := picture.Rect.Size()
		distance, err := images.Distances(images.Binary(mask), size.Y, size.X)
		if err != nil {
			t.Fatal(err)
		}
		changed := 0
		for i, d := range distance {
			if picture.RGBAAt(i%size.X, i/size.X) == photograph.RGBAAt(i%size.X, i/size.X) {
				continue
			}
			if changed++; d > 6 {
				t.Fatalf("%s: pixel %d, %d has changed, %g pixels from the defect", name, i%size.X, i/size.X, d)
			}
		}
		if changed == 0 {
			t.Errorf("%s: nothing has changed", name)
		}
		x, err := readIndex(f.Out)
		if err != nil {
			t.Fatal(err)
		}
		if s := x.Entries[0].Scores; s.Outside == nil || s.Outside.Share > 0.001 || s.Part == nil || *s.Part < -0.001 || *s.Part > 0.001 {
			t.Errorf("%s: outside the defect nothing has changed, and the scores are %+v, part %v", name, s.Outside, *s.Part)
		}
	}
}

// TestFeatherFollows a margin that is less, unless it is said.
func TestFeatherFollows(t *testing.T) {
	ask := []string{"--model", modelA, "--image", "nut.png", "--object", "nut", "--anomaly", "crack"}
	f, err := parse(t, append(ask, "--margin", "3")...)
	if err != nil || f.Feather != 3 || !f.KeepPart {
		t.Errorf("%+v, %v", f.Kept, err)
	}
	if _, err := parse(t, append(ask, "--margin", "3", "--feather", "4")...); err == nil || !strings.Contains(err.Error(), "--feather is 4, want at most the --margin of 3") {
		t.Errorf("error %v", err)
	}
	if f, err = parse(t, append(ask, "--no-keep-part")...); err != nil || f.KeepPart {
		t.Errorf("%+v, %v", f.Kept, err)
	}
}

// TestFromEarlier: a picture of a version that kept no part is made again as it was.
func TestFromEarlier(t *testing.T) {
	for options, want := range map[string]bool{`{}`: false, `{"keep_part":true,"margin":6}`: true, `{"keep_part":false}`: false} {
		path := carrying(t, t.TempDir(), `{"format":1,"options":`+options+`,"seed":1}`)
		c, err := readCarried(path)
		if err != nil {
			t.Fatal(err)
		}
		a := &again{carried: c, path: path, given: map[string]bool{}}
		if got := a.value("keep-part"); got != want {
			t.Errorf("of %s: keep-part is %v, want %v", options, got, want)
		}
	}
}
