package dataset

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// split says which photographs are for training.
type split map[photograph]bool

// photograph is one of a group that is split by itself: those of a part in MVTec and Anomalib, all
// in the other layouts.
type photograph struct{ group, source string }

// photographOf is that of an entry.
func (o *Options) photographOf(it *Entry) photograph {
	if o.Layout == MVTec || o.Layout == Anomalib {
		return photograph{partOf(it), it.Source}
	}
	return photograph{"", it.Source}
}

// split draws the photographs for training. Notes are about groups of which nothing is left for one
// of the sides.
func (o *Options) split(entries []Entry) (s split, notes []string) {
	groups, sided := map[string][]photograph{}, map[string][]string{}
	s = split{}
	for i := range entries {
		p := o.photographOf(&entries[i])
		if _, seen := s[p]; seen {
			continue
		}
		s[p] = false
		groups[p.group] = append(groups[p.group], p)
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		group := groups[name]
		slices.SortFunc(group, func(a, b photograph) int { return strings.Compare(o.lot(a), o.lot(b)) })
		n := o.forTraining(len(group))
		for _, p := range group[:n] {
			s[p] = true
		}
		if note := o.oneSided(n, len(group)); note != "" {
			sided[note] = append(sided[note], name)
		}
	}
	for _, note := range slices.Sorted(maps.Keys(sided)) {
		notes = append(notes, strings.Replace(note, " of PARTS", ofParts(sided[note]), 1))
	}
	return s, notes
}

// ofParts names groups for people, whose only one may have no name.
func ofParts(groups []string) string {
	if groups[0] == "" {
		return ""
	}
	return " of " + strings.Join(groups, ", ")
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

// oneSided is a note about groups all of whose photographs are on one side, empty about others.
func (o *Options) oneSided(training, all int) string {
	what := "all photographs of PARTS are"
	if all == 1 {
		what = "there is one photograph of PARTS alone, and it is"
	}
	switch {
	case training == 0 && o.Layout == MVTec:
		return what + " for testing: put other normal photographs of the part into train/good before training"
	case training == 0 && o.Layout == Anomalib:
		return what + " for testing: put other normal photographs of the part into normal before training"
	case training == 0:
		return what + " for testing: there is nothing to train on"
	case training == all && (o.Layout == MVTec || o.Layout == Anomalib):
		return what + " for training: there is nothing to test with"
	case training == all && o.Layout == YOLO:
		return what + " for training: put pictures of others, with their labels, into images/val and labels/val before training; " +
			"scores on the photographs that a model was trained on say nothing about new ones"
	case training == all:
		return what + " for training: there is nothing to validate with"
	}
	return ""
}
