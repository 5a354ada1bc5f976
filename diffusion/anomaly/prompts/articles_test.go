package prompts

import (
	"slices"
	"testing"
)

func TestArticles(t *testing.T) {
	for phrase, want := range map[string]string{
		"hazelnut": "a hazelnut", "orange": "an orange", "wood": "wood", "Leather": "Leather", "rusty metal": "rusty metal", "metal nut": "a metal nut",
		"piece of leather": "a piece of leather", "wood with a knot": "wood with a knot", "glass bottle": "a glass bottle", "glass": "glass",
		"scratches": "scratches", "bent wires": "bent wires", "lens": "a lens", "cactus": "a cactus", "dress": "a dress", "axis": "an axis",
		"a crack": "a crack", "two holes": "two holes", "the part": "the part", "its shell": "its shell",
		"uniform": "a uniform", "used gasket": "a used gasket", "uneven edge": "an uneven edge", "hourglass": "an hourglass", "u-bolt": "a u-bolt",
		"missing chunk": "a missing chunk", "open hole": "an open hole", "": "a ",
	} {
		if got := Fitting.with(phrase); got != want {
			t.Errorf("%q: %q, want %q", phrase, got, want)
		}
	}
	if got := Fitting.Defective("wood", "hole", "rust"); got != "a photo of wood with a hole and rust on it" {
		t.Error(got)
	}
	if got := Always.Defective("orange", "scratches"); got != "a photo of an orange with a scratches on it" {
		t.Error(got)
	}
	for _, a := range []Articles{Plain, "", "other"} {
		if got := a.Normal("orange"); got != "a photo of a orange" {
			t.Errorf("%q: %s", a, got)
		}
	}
}

// TestArticlesOfCategories: of the data sets' parts these have no article.
func TestArticlesOfCategories(t *testing.T) {
	var bare []string
	for _, c := range Default() {
		if Fitting.with(c.Object) == c.Object && !slices.Contains(bare, c.Object) {
			bare = append(bare, c.Object)
		}
	}
	slices.Sort(bare)
	if want := []string{"chewing gum", "leather", "macaroni", "wood"}; !slices.Equal(bare, want) {
		t.Errorf("without an article: %q, want %q", bare, want)
	}
}
