package world

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func named(t *testing.T, subject, defect string) (Subject, *Defect) {
	t.Helper()
	i := slices.IndexFunc(Subjects(), func(s Subject) bool { return s.Name == subject })
	j := slices.IndexFunc(Defects(), func(d Defect) bool { return d.Name == defect })
	if i < 0 || j < 0 && defect != "" {
		t.Fatalf("there is no %s or no %s", subject, defect)
	}
	if defect == "" {
		return Subjects()[i], nil
	}
	return Subjects()[i], &Defects()[j]
}

// TestDrawTwice draws the same twice, and others with other seeds.
func TestDrawTwice(t *testing.T) {
	for _, defect := range []string{"", "crack", "missing chunk"} {
		s, d := named(t, "bottle cap", defect)
		a, b, c := Draw(s, d, 7, 64), Draw(s, d, 7, 64), Draw(s, d, 8, 64)
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%q: the same arguments give two drawings", defect)
		}
		if slices.Equal(a.Picture, c.Picture) {
			t.Errorf("%q: two seeds give the same picture", defect)
		}
		if len(a.Picture) != 3*64*64 || len(a.Mask) != 64*64 || a.Size != 64 || a.Subject != s.Name || a.Defect != defect {
			t.Errorf("%q: %d bytes of picture and %d of mask, size %d, %s, %q", defect, len(a.Picture), len(a.Mask), a.Size, a.Subject, a.Defect)
		}
		if some := slices.Contains(a.Mask, 255); some != (defect != "") {
			t.Errorf("%q: the mask marks something: %v", defect, some)
		}
	}
}

// TestDrawOther has one subject with many defects of a kind.
func TestDrawOther(t *testing.T) {
	s, d := named(t, "tile", "hole")
	normal, same, other := Draw(s, nil, 7, 64), DrawOther(s, *d, 7, 7, 64), DrawOther(s, *d, 7, 8, 64)
	if !reflect.DeepEqual(same, Draw(s, d, 7, 64)) {
		t.Error("the defect of the subject's own seed is another one")
	}
	if slices.Equal(same.Mask, other.Mask) {
		t.Error("two seeds give the same defect")
	}
	own := 0
	for i := range 64 * 64 {
		if slices.Equal(normal.Picture[3*i:3*i+3], other.Picture[3*i:3*i+3]) {
			own++
		}
	}
	if own < 64*64/2 {
		t.Errorf("%d pixels are the subject's own, want most", own)
	}
}

// TestCaptions are exact: the forms that the model learns.
func TestCaptions(t *testing.T) {
	s, d := named(t, "hazelnut", "crack")
	details := map[string]bool{}
	for seed := range uint64(40) {
		w := Draw(s, d, seed, 16)
		if w.Caption != "a photo of a hazelnut with a crack on it" {
			t.Fatalf("seed %d: %q", seed, w.Caption)
		}
		details[w.Detail] = true
	}
	for _, phrase := range d.Detail {
		if !details["a photo of a hazelnut with a "+phrase+" on it"] {
			t.Errorf("none of 40 drawings has a %s: %v", phrase, details)
		}
	}
	if w := Draw(s, nil, 1, 16); w.Caption != "a photo of a hazelnut" || w.Detail != w.Caption {
		t.Errorf("with no defect: %q, %q", w.Caption, w.Detail)
	}
}

// TestCaptionsNameColours in some pictures and not in others.
func TestCaptionsNameColours(t *testing.T) {
	s, d := named(t, "bottle cap", "dent")
	with, without := 0, 0
	for seed := range uint64(20) {
		w := Draw(s, d, seed, 16)
		switch w.Caption {
		case "a photo of " + article(w.Colour) + " " + w.Colour + " bottle cap with a dent on it":
			with++
		case "a photo of a bottle cap with a dent on it":
			without++
		default:
			t.Fatalf("seed %d, colour %q: %q", seed, w.Colour, w.Caption)
		}
		if start, _, _ := strings.Cut(w.Caption, " with "); !strings.HasPrefix(w.Detail, start+" with ") {
			t.Errorf("seed %d: %q and %q are of different things", seed, w.Caption, w.Detail)
		}
	}
	if with == 0 || without == 0 {
		t.Errorf("%d captions with the colour and %d without, want some of both", with, without)
	}
}

func TestArticle(t *testing.T) {
	for name, want := range map[string]string{"orange bottle cap": "an", "hazelnut": "a", "irregular blotchy stain": "an"} {
		if got := article(name); got != want {
			t.Errorf("%s %s, want %s", got, name, want)
		}
	}
}

// TestUnseen keeps one pair of each subject from training, and each defect on at
// least one subject.
func TestUnseen(t *testing.T) {
	kept := map[string]int{}
	for _, s := range Subjects() {
		n := 0
		for _, d := range Defects() {
			if Unseen(s.Name, d.Name) {
				n++
				kept[d.Name]++
			}
		}
		if n != 1 {
			t.Errorf("%s: %d defects are kept from training, want 1", s.Name, n)
		}
		if Unseen(s.Name, "") {
			t.Errorf("%s without a defect is kept from training", s.Name)
		}
	}
	for _, d := range Defects() {
		if kept[d.Name] == 0 {
			t.Errorf("%s is seen on every subject", d.Name)
		}
	}
}

// TestReduceMask calls a pixel defective from half of its cells on.
func TestReduceMask(t *testing.T) {
	cells := []float32{
		1, 0, 1, 0.5,
		0, 0.9, 0.5, 0,
		0, 0, 1, 1,
		0, 0, 1, 1,
	}
	if got, want := reduceMask(cells, 2), []byte{0, 255, 0, 255}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
