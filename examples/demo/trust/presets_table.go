package main

import (
	"bytes"
	"fmt"
	"math"
	"path/filepath"

	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// wayFound is all that was found of a way.
type wayFound struct {
	name string
	of   map[string]*glimpse // by the drawings' keys
}

// measures are what ways are compared by: of a picture a number, or nil where it has none.
var measures = []struct {
	name     string
	percent  bool
	decimals int
	of       func(g *glimpse) *float64
}{
	{"asked defect found", true, 1, func(g *glimpse) *float64 { return share(g.found()) }},
	{"any found", true, 1, func(g *glimpse) *float64 { return share(g.Judge != "") }},
	{"mask, IoU", false, 3, func(g *glimpse) *float64 { return g.IoU }},
	{"mask, AUROC", false, 3, func(g *glimpse) *float64 { return g.AUROC }},
	{"attention, IoU", false, 3, func(g *glimpse) *float64 { return g.AttentionIoU }},
	{"attention, AUROC", false, 3, func(g *glimpse) *float64 { return g.AttentionAUROC }},
	{"found with the photograph around", true, 1, func(g *glimpse) *float64 {
		if g.Kept == nil {
			return nil
		}
		return share(*g.Kept == g.Defect)
	}},
}

func share(yes bool) *float64 {
	v := 0.0
	if yes {
		v = 1
	}
	return &v
}

// report prints the tables and writes them beside the findings.
func (p presets) report(rows []wayFound, trials []trial.Trial) error {
	var b bytes.Buffer
	var keys []string
	alarms := 0
	for _, t := range trials {
		if rows[0].of[key(t)].Normal != "" { // the judge cannot tell what was generated
			alarms++
			continue
		}
		keys = append(keys, key(t))
	}
	fmt.Fprintf(&b, "%d pictures of unseen pairs; %d more left out, in whose drawing the judge sees a defect where there is none\n\n", len(keys), alarms)
	levels(&b, rows, keys)
	differences(&b, rows, keys)
	path := filepath.Join(p.Out, "presets.md")
	if err := files.Write(path, b.Bytes()); err != nil {
		return err
	}
	_, err := fmt.Printf("%s\n%s\n", b.String(), path)
	return err
}

// levels is the table of what each way comes to.
func levels(b *bytes.Buffer, rows []wayFound, keys []string) {
	t := show.NewTable(b)
	head, rule := []string{"way"}, []string{"---"}
	for _, m := range measures {
		head, rule = append(head, m.name), append(rule, "---:")
	}
	t.Row(head...)
	t.Row(rule...)
	for _, w := range rows {
		line := []string{w.name}
		for _, m := range measures {
			var of mean
			for _, k := range keys {
				of.add(m.of(w.of[k]))
			}
			if m.percent {
				line = append(line, of.percent())
			} else {
				line = append(line, of.decimals(m.decimals))
			}
		}
		t.Row(line...)
	}
	t.Flush()
	fmt.Fprintln(b)
}

// differences is the table of how far the others are from the first way, on the same drawings from the same noise.
func differences(b *bytes.Buffer, rows []wayFound, keys []string) {
	if len(rows) < 2 {
		return
	}
	t := show.NewTable(b)
	head, rule := []string{"less " + rows[0].name}, []string{"---"}
	for _, m := range measures {
		head, rule = append(head, m.name), append(rule, "---:")
	}
	t.Row(head...)
	t.Row(rule...)
	for _, w := range rows[1:] {
		line := []string{w.name}
		for _, m := range measures {
			line = append(line, paired(rows[0].of, w.of, keys, m.of).format(m.percent))
		}
		t.Row(line...)
	}
	t.Flush()
	fmt.Fprint(b, "\nMeans of the differences picture by picture, points for shares, and the interval that has the true mean with 95 %. Overlaps are of the pictures in which the judge finds a defect both ways.\n\n")
}

// interval is the mean of some differences with the bounds of its 95 % interval.
type interval struct {
	mean, low, high float64
	n               int
}

// paired compares pictures of the same drawings.
func paired(a, b map[string]*glimpse, keys []string, of func(*glimpse) *float64) interval {
	var all []float64
	for _, k := range keys {
		if x, y := of(a[k]), of(b[k]); x != nil && y != nil {
			all = append(all, *y-*x)
		}
	}
	return intervalOf(all)
}

// intervalOf is the normal approximation, which serves for hundreds of pictures.
func intervalOf(all []float64) interval {
	n := float64(len(all))
	if n < 2 {
		return interval{n: len(all)}
	}
	sum, squares := 0.0, 0.0
	for _, v := range all {
		sum += v
	}
	mean := sum / n
	for _, v := range all {
		squares += (v - mean) * (v - mean)
	}
	half := 1.96 * math.Sqrt(squares/(n-1)/n)
	return interval{mean, mean - half, mean + half, len(all)}
}

func (i interval) format(percent bool) string {
	switch {
	case i.n < 2:
		return "-"
	case percent:
		return fmt.Sprintf("%+.1f (%+.1f to %+.1f)", 100*i.mean, 100*i.low, 100*i.high)
	}
	return fmt.Sprintf("%+.3f (%+.3f to %+.3f)", i.mean, i.low, i.high)
}
