package main

import (
	"bytes"
	"fmt"

	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// tableRow is a method with one number of examples.
type tableRow struct {
	method   string
	examples int
}

// rows are those of the table: first what needs no examples.
func (l learned) rows() []tableRow {
	rows := []tableRow{{byTruth, 0}, {byInitial, 0}, {byInitialThin, 0}, {byAny, 0}, {byFree, 0}}
	for _, method := range []string{byWord, byWordThin, byAnyWord, byFreeWord} {
		for _, n := range l.Examples {
			rows = append(rows, tableRow{method, n})
		}
	}
	return rows
}

// outcome are means over the pictures of a row.
type outcome struct{ asked, any, iou mean }

func (r tableRow) outcome(kept *findings[schooled], of []schooling) (o outcome) {
	for _, s := range of {
		if s.examples != r.examples || kept.Done[s.key()] == nil {
			continue
		}
		for _, v := range kept.Done[s.key()].Made[r.method] {
			o.asked.count(v.Judge == s.Defect.Name)
			o.any.count(v.Judge != "")
			o.iou.add(v.IoU)
		}
	}
	return o
}

// table is what was found, in Markdown: over all pairs, and of each how often the defect is found.
func (l learned) table(kept *findings[schooled], all []schooling) string {
	var b bytes.Buffer
	t := show.NewTable(&b)
	t.Row("pictures by", "examples", "pictures", "the defect found", "any found", "IoU")
	t.Row("---", "---:", "---:", "---:", "---:", "---:")
	for _, r := range l.rows() {
		o := r.outcome(kept, all)
		t.Row(r.method, r.number(), fmt.Sprint(o.asked.n), o.asked.percent(), o.any.percent(), o.iou.decimals(2))
	}
	t.Flush()
	fmt.Fprintf(&b, "\nOf %s pairs: how often the judge finds the very defect, and any; IoU of what it takes for defective with the mask of the "+
		"true drawing, and of AnomalyAny anywhere with its own. The place that is asked for is that mask, grown by %d pixels where nothing else is said. "+
		"Words were learned with seeds %v in %d steps; AnomalyDiffusion's guidance is %d.\n\n", l.Pairs, grown, l.Seeds, l.Steps, placing)
	l.byPair(&b, kept, all)
	return b.String()
}

// number is how many examples there were.
func (r tableRow) number() string {
	if r.examples == 0 {
		return "-"
	}
	return fmt.Sprint(r.examples)
}

// byPair is the table of how often each pair's defect is found.
func (l learned) byPair(b *bytes.Buffer, kept *findings[schooled], all []schooling) {
	t := show.NewTable(b)
	head, rule := []string{"defect found"}, []string{"---"}
	for _, r := range l.rows() {
		name := r.method
		if r.examples > 0 {
			name += fmt.Sprintf(" of %d", r.examples)
		}
		head, rule = append(head, name), append(rule, "---:")
	}
	t.Row(head...)
	t.Row(rule...)
	of := map[int][]schooling{}
	for _, s := range all {
		of[s.number] = append(of[s.number], s)
	}
	for i := range len(of) {
		row := []string{fmt.Sprintf("%s, %s", of[i][0].Subject.Name, of[i][0].Defect.Name)}
		for _, r := range l.rows() {
			row = append(row, r.outcome(kept, of[i]).asked.percent())
		}
		t.Row(row...)
	}
	t.Flush()
}
