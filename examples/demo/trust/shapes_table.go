package main

import (
	"bytes"
	"fmt"

	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// group is a line of the table, for each weight.
type group struct {
	name string
	has  func(f *filled) bool
}

// groups are all drawings, those of each kind, of each size, of each kind and size, and of
// each defect.
func groups() []group {
	all := []group{{"all", func(*filled) bool { return true }}}
	for _, k := range kinds {
		all = append(all, group{string(k), func(f *filled) bool { return f.kind == k }})
	}
	for _, s := range extents {
		all = append(all, group{s.name, func(f *filled) bool { return f.size.name == s.name }})
	}
	for _, k := range kinds {
		for _, s := range extents {
			all = append(all, group{s.name + " " + string(k), func(f *filled) bool { return f.kind == k && f.size.name == s.name }})
		}
	}
	for _, d := range world.Defects() {
		all = append(all, group{d.Name, func(f *filled) bool { return f.Defect.Name == d.Name }})
	}
	return all
}

// table is what was found, in Markdown.
func (s *shapes) table(all []*filled) string {
	var b bytes.Buffer
	t := show.NewTable(&b)
	t.Row("shapes", "fill", "pictures", "asked defect found", "any found", "IoU", "asked, kept outside", "IoU, kept outside", "cells", "judge finds drawn ones", "IoU with their truth")
	t.Row("---", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:", "---:")
	for _, g := range groups() {
		for i := range s.Fill {
			s.row(t, g, i, all)
		}
	}
	t.Flush()
	fmt.Fprintf(&b, "\nPictures of %s pairs, seeds from %d on. IoU: of what the judge takes for defective with the shape that was asked for; "+
		"kept outside: after the photograph has come back outside the shape, with a seam of two pixels. "+
		"Cells: IoU of the shape with the cells of the latent that stand for it. "+
		"Drawn ones: the same defects as the world draws them, after the autoencoder, where their truth is known: what the judge can find.\n", s.Pairs, s.Seed)
	return b.String()
}

// row adds the line of a group's drawings with the i-th weight, if there are any.
func (s *shapes) row(t show.Table, g group, i int, all []*filled) {
	var named, any, iou, keptNamed, kept, cells, drawn, truth mean
	for _, f := range all {
		if !g.has(f) {
			continue
		}
		one := f.made[i]
		named.count(one.named)
		any.count(one.any)
		iou.add(&one.iou)
		keptNamed.count(one.keptNamed)
		kept.add(&one.kept)
		cells.add(&f.cells)
		drawn.count(f.drawn.named)
		truth.add(&f.drawn.iou)
	}
	if named.n > 0 {
		t.Row(g.name, s.name(i), fmt.Sprint(named.n), named.percent(), any.percent(), iou.decimals(2), keptNamed.percent(), kept.decimals(2), cells.decimals(2), drawn.percent(), truth.decimals(2))
	}
}

// name is the i-th weight for people, with its γ where that is given.
func (s *shapes) name(i int) string {
	if len(s.Gamma) == 0 {
		return fmt.Sprint(s.Fill[i])
	}
	return fmt.Sprintf("%g, γ = %g", s.Fill[i], s.Gamma[i])
}
