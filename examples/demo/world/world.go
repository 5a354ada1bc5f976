package world

import (
	"math/rand/v2"
	"strings"
)

// Subject is a part or a material that is inspected.
type Subject struct {
	Name   string // as in captions, such as "bottle cap"
	Object bool   // a part that lies on a background; else a material that fills the picture

	// draw fills a surface; its colour is a word for captions, such as "red", or
	// "" where the subject has only one.
	draw func(s *Surface, r *rand.Rand) (colour string)
}

// Defect is something that is wrong with a part or material.
type Defect struct {
	Name   string   // as in captions, such as "missing chunk"
	Detail []string // longer phrases for the same, such as "a thin dark jagged crack"; each holds Name

	// apply changes a surface, and returns how much of each cell belongs to the
	// defect, from 0 to 1. It touches the subject only, and never all of it.
	apply func(s *Surface, r *rand.Rand) []float32
}

// Subjects lists what there is to inspect.
func Subjects() []Subject {
	return []Subject{
		hazelnut(), bottleCap(), metalNut(), capsule(), cookie(),
		tile(), wood(), leather(), carpet(), grid(), brick(), concrete(),
	}
}

// Defects lists what may be wrong.
func Defects() []Defect {
	return []Defect{crack(), scratch(), hole(), stain(), dent(), missingChunk()}
}

// unseen is, for each subject, the defect that it never has in training.
var unseen = map[string]string{
	"hazelnut": "crack", "bottle cap": "scratch", "metal nut": "stain", "capsule": "dent", "cookie": "hole",
	"tile": "missing chunk", "wood": "hole", "leather": "scratch", "carpet": "stain", "grid": "missing chunk",
	"brick": "crack", "concrete": "dent",
}

// Unseen reports whether a pair of names is kept from training, to measure what
// a model makes of a defect that it has never seen on this subject.
func Unseen(subject, defect string) bool { return unseen[subject] == defect }

// Pair is a subject with a defect.
type Pair struct {
	Subject Subject
	Defect  Defect
}

// Unseen reports whether the pair is kept from training.
func (p Pair) Unseen() bool { return Unseen(p.Subject.Name, p.Defect.Name) }

// Selection says which pairs are meant.
type Selection string

// The pairs for training, those kept from it, and both.
const (
	SeenPairs   Selection = "seen"
	UnseenPairs Selection = "unseen"
	AllPairs    Selection = "all"
)

// Pairs lists the pairs of a selection, the subjects of the first defect first;
// of one that there is not, none.
func Pairs(which Selection) []Pair {
	var pairs []Pair
	for _, d := range Defects() {
		for _, s := range Subjects() {
			p := Pair{s, d}
			if which == AllPairs || which == UnseenPairs && p.Unseen() || which == SeenPairs && !p.Unseen() {
				pairs = append(pairs, p)
			}
		}
	}
	return pairs
}

// FileName is a name as MVTec AD writes it in paths: "missing_chunk".
func FileName(name string) string { return strings.ReplaceAll(name, " ", "_") }
