package main

import (
	"bytes"
	"fmt"

	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// mild are the limits that there were before the part had to stay the part.
func mild() anomalyany.Limits {
	return anomalyany.Limits{MinFocus: 0.15, MinConfidence: -1, MinArea: 0.002, MaxArea: 0.5, MaxOutside: 1, MinPart: -2, MinSees: -2}
}

// good reports whether a picture is what was asked for: the judge finds that defect, and the part is still the part.
func good(f *finding, p found) bool {
	return p.Judge == f.Defect && p.Scores.Outside != nil && p.Scores.Outside.Share <= 0.05
}

// filters is the table of what limits let pass: none, those of before, and the model's.
func filters(b *bytes.Buffer, all []*finding, now anomalyany.Limits) {
	t := show.NewTable(b)
	t.Row("limits", "passed", "precision", "recall")
	t.Row("---", "---:", "---:", "---:")
	line := func(name string, l anomalyany.Limits, of func(f *finding) found) {
		var passed, precision, recall mean
		for _, f := range all {
			p := of(f)
			pass := len(l.Check(p.Scores)) == 0
			passed.count(pass)
			if pass {
				precision.count(good(f, p))
			}
			if good(f, p) {
				recall.count(pass)
			}
		}
		t.Row(name, passed.percent(), precision.percent(), recall.percent())
	}
	own, kept := func(f *finding) found { return f.Own }, func(f *finding) found { return f.Kept }
	none := anomalyany.Limits{MinFocus: -1, MinConfidence: -1, MaxArea: 1, MaxOutside: 1, MinPart: -2, MinSees: -2, MinMargin: -2, MinGain: -4}
	line("none, the model's own picture", none, own)
	line("before, the model's own picture", mild(), own)
	line("now, the model's own picture", now, own)
	line("none, the photograph around the defect", none, kept)
	line("before, the photograph around the defect", mild(), kept)
	line("now, the photograph around the defect", now, kept)
	t.Flush()
	fmt.Fprint(b, "\nPrecision: of the pictures that pass, those in which the judge finds the defect that was asked for and at most 5 % of the outside changed; recall: of such pictures, those that pass.\n")
}
