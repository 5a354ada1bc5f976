package dataset

import (
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
)

// split says which photographs are for training.
type split map[photograph]bool

// photograph is one of a group that is split by itself: those of a part in MVTec and Anomalib, all
// in the other layouts.
type photograph struct{ group, source string }

// photographOf is that of an item.
func (o *Options) photographOf(it *Item) photograph {
	if o.Layout == MVTec || o.Layout == Anomalib {
		return photograph{partOf(it), it.Source}
	}
	return photograph{"", it.Source}
}

// split draws the photographs for training. Notes are about groups of which nothing is left for one
// of the sides.
func (o *Options) split(items []Item) (s split, notes []string) {
	groups := map[string][]photograph{}
	s = split{}
	var names []string
	for i := range items {
		p := o.photographOf(&items[i])
		if _, seen := s[p]; seen {
			continue
		}
		s[p] = false
		if len(groups[p.group]) == 0 {
			names = append(names, p.group)
		}
		groups[p.group] = append(groups[p.group], p)
	}
	slices.Sort(names)
	for _, name := range names {
		group := groups[name]
		slices.SortFunc(group, func(a, b photograph) int { return strings.Compare(o.lot(a), o.lot(b)) })
		n := o.forTraining(len(group))
		for _, p := range group[:n] {
			s[p] = true
		}
		if note := o.oneSided(name, n, len(group)); note != "" {
			notes = append(notes, note)
		}
	}
	return s, notes
}

// lot is what photographs are drawn by: it depends on nothing but the seed and the photograph, so
// that more photographs leave most of them on their side.
func (o *Options) lot(p photograph) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", o.Seed, p.source))
	return string(sum[:])
}

// forTraining is how many of so many photographs are for training.
func (o *Options) forTraining(photographs int) int {
	n := int(math.Round(o.Train * float64(photographs)))
	switch {
	case o.Train == 0 || o.Train == 1:
		return n
	case photographs == 1 && (o.Layout == MVTec || o.Layout == Anomalib):
		return 0
	case photographs == 1:
		return 1
	}
	return min(max(n, 1), photographs-1)
}

// oneSided is a note about a group all of whose photographs are on one side, empty about others.
func (o *Options) oneSided(group string, training, all int) string {
	count := fmt.Sprintf("all %d photographs are", all)
	if all == 1 {
		count = "there is one photograph alone, and it is"
	}
	if group != "" {
		count = group + ": " + count
	}
	switch {
	case training == 0 && o.Layout == MVTec:
		return count + " for testing: put other normal photographs of the part into " + group + "/train/good before training"
	case training == 0 && o.Layout == Anomalib:
		return count + " for testing: put other normal photographs of the part into " + group + "/normal before training"
	case training == 0:
		return count + " for testing: there is nothing to train on"
	case training == all && (o.Layout == MVTec || o.Layout == Anomalib):
		return count + " for training: there is nothing to test with"
	case training == all && o.Layout == YOLO:
		return count + " for training: put pictures of others, with their labels, into images/val and labels/val before training; " +
			"scores on the photographs that a model was trained on say nothing about new ones"
	case training == all:
		return count + " for training: there is nothing to validate with"
	}
	return ""
}
