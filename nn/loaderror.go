package nn

import (
	"fmt"
	"slices"
	"strings"
)

// group is one kind of thing that can be wrong with a checkpoint.
type group int

const (
	missing group = iota
	unused
	ambiguous
	wrongShape
	wrongDtype
	nonFinite
	negative
	unreadable
	groups
)

var groupTitles = [groups]string{
	missing:    "missing, with the shape the model needs",
	unused:     "not used by the model (WithUnused lets them be)",
	ambiguous:  "two tensors for one weight",
	wrongShape: "of the wrong shape",
	wrongDtype: "of the wrong dtype",
	nonFinite:  "holding NaN or infinity",
	negative:   "a variance below zero",
	unreadable: "not readable",
}

// maxLines is how much of a group an error prints: a wrong file would
// otherwise fill the screen with every tensor it has.
const maxLines = 20

// report collects what is wrong, so that one error can say it all.
type report [groups][]string

func (r *report) add(g group, format string, args ...any) {
	r[g] = append(r[g], fmt.Sprintf(format, args...))
}

// err returns nil when nothing was added.
func (r *report) err() error {
	var b strings.Builder
	for g, lines := range r {
		if len(lines) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%d %s:", len(lines), groupTitles[g])
		slices.Sort(lines)
		for _, line := range lines[:min(len(lines), maxLines)] {
			b.WriteString("\n  " + line)
		}
		if more := len(lines) - maxLines; more > 0 {
			fmt.Fprintf(&b, "\n  and %d more", more)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return damaged(fmt.Errorf("weights do not fit the model:%s", b.String()))
}
