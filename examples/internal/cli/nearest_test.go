package cli

import "testing"

func TestNearest(t *testing.T) {
	words := []string{"hazelnut", "bottle cap", "metal nut", "tile", "grid"}
	for phrase, want := range map[string]string{
		"hazlenut": "hazelnut", "Hazelnutt": "hazelnut", "a big hazelnet": "hazelnut", "botle cap": "bottle cap", "bottlecap": "bottle cap",
		"tiel": "tile", "tyle": "tile", "grids": "grid", "metal nuts": "metal nut",
		"gasket": "", "nut": "", "cap": "", "title page of a book": "tile", "til": "tile", "": "", "   ": "", "猫": "",
	} {
		if got, ok := nearest(phrase, words); got != want || ok != (want != "") {
			t.Errorf("%q: %q, want %q", phrase, got, want)
		}
	}
	if got := DidYouMean("hazlenut", words) + DidYouMean("gasket", words); got != `; did you mean "hazelnut"?` {
		t.Error(got)
	}
	if got, ok := nearest("crack", nil); ok {
		t.Errorf("of no words: %q", got)
	}
}
