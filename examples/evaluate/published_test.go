package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestPublished puts published rows beside figures of a data set that is known, and says of which they are.
func TestPublished(t *testing.T) {
	for name, c := range map[string]struct {
		categories []string
		oneShot    bool
		says       string
	}{
		"all of VisA":        {sets[1].categories, true, "published, means over all 12 categories of VisA, and were not computed here.\n"},
		"some of MVTec AD":   {[]string{"bottle", "cable"}, true, "Ours are of 2 of them, so they are not to be compared."},
		"of several shots":   {sets[0].categories, false, ""},
		"another data set":   {[]string{"bottle", "nut"}, true, ""},
		"nothing to compare": {nil, true, ""},
	} {
		rows := publishedBeside(c.categories, c.oneShot)
		var b bytes.Buffer
		printPublished(&b, rows, c.categories)
		if !strings.Contains(b.String(), c.says) || (c.says == "") != (b.Len() == 0) {
			t.Errorf("%s: %s", name, b.String())
		}
	}
	for _, p := range publishedDetectors {
		if p.Source == "" || len(p.Figures) < 2 {
			t.Errorf("%s of %s has no source, or no figures", p.Method, p.Data)
		}
		for name, v := range p.Figures {
			if !(v > 50 && v < 100) {
				t.Errorf("%s of %s: %s %v", p.Method, p.Data, name, v)
			}
		}
	}
}
