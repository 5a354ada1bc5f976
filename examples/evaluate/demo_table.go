package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// demoMetrics are the figures of the table.
var demoMetrics = []struct{ name, short string }{
	{"picture_auroc", "pictures: AUROC"}, {"picture_average_precision", "AP"}, {"pixel_auroc", "pixels: AUROC"}, {"pixel_average_precision", "AP"}, {"aupro_0.3", "AUPRO 0.3"},
}

// table is the report for people.
func (r *DemoReport) table(w io.Writer) {
	t := show.NewTable(w)
	head, rule := []string{"detector", "references", "learns from"}, []string{"---", "---:", "---"}
	for _, m := range demoMetrics {
		head, rule = append(head, m.short), append(rule, "---:")
	}
	t.Row(head...)
	t.Row(rule...)
	line := func(figures map[string]Spread, format func(Spread) string, first ...string) {
		for _, m := range demoMetrics {
			cell := "–"
			if s, ok := figures[m.name]; ok {
				cell = format(s)
			}
			first = append(first, cell)
		}
		t.Row(first...)
	}
	for _, k := range demoShots {
		for _, kind := range defectKinds {
			for _, s := range r.Learned[kind] {
				if s.Shots != k {
					continue
				}
				from := "references"
				if s.Generated {
					from = "+ " + kind + " defects"
				}
				line(s.Figures, percent, s.Detector, k.String(), from)
				if s.Difference != nil {
					line(s.Difference, more, "", "", "difference")
				}
			}
		}
	}
	t.Flush()
	fmt.Fprintf(w, "\nIn percent, means over %s, ± the deviation over %d draws of references.\n\n", strings.Join(r.Parts, ", "), r.Repeats)
	fmt.Fprintf(w, "- tested on %d normal drawings of each and %d with defects (%s), of other seeds than the references\n", demoNormal, demoEach*len(r.Defects), strings.Join(r.Defects, ", "))
	fmt.Fprintf(w, "- generated defects: beside each draw of references one picture of each defect, which the small model has made of these references; %d of %d came out, in %d tries\n", r.Passed, r.Wanted, r.Tries)
	if len(r.Unseen) > 0 {
		fmt.Fprintf(w, "- the model has never seen %s\n", strings.Join(r.Unseen, ", "))
	}
	fmt.Fprintf(w, "- pasted defects: another piece of the same picture in the same place, which takes no model; ideal ones: as they are drawn, on the same references\n")
}

// unseenPairs are the defects of some that the small model has never seen on parts.
func unseenPairs(parts, defects []string) (all []string) {
	for _, p := range parts {
		for _, d := range defects {
			if world.Unseen(p, d) {
				all = append(all, fmt.Sprintf("%s with %s", p, d))
			}
		}
	}
	return all
}
