package main

import (
	"fmt"
	"math"
	"path"

	"github.com/sdgraph/sdgraph/examples/demo/world"
)

// item is a picture to be drawn, and where it goes.
type item struct {
	subject    world.Subject
	defect     *world.Defect // nil where nothing is wrong
	seed       uint64
	file, mask string // paths in the dataset, with slashes; mask is empty without a defect
}

// plan lists the pictures: those with defects take turns with the pairs, the
// others with the subjects, so that no count differs from another by more than
// one.
func plan(f flags) []item {
	subjects := world.Subjects()
	pairs := world.Pairs(world.Selection(f.Pairs))
	good := int(math.Round(f.Good * float64(f.Count)))
	next := map[string]int{} // number of the next picture in each folder
	all := make([]item, 0, f.Count)
	for k := range f.Count {
		// The good ones are spread evenly: any part of the list has their share.
		goods := k * good / f.Count
		var it item
		if goods < (k+1)*good/f.Count {
			it.subject = subjects[goods%len(subjects)]
			test := f.Pairs != string(world.SeenPairs) && goods/len(subjects)%10 == 9
			it.place(next, test)
		} else {
			pair := pairs[(k-goods)%len(pairs)]
			it.subject, it.defect = pair.Subject, &pair.Defect
			it.place(next, true)
		}
		it.seed = f.Seed + uint64(k)
		all = append(all, it)
	}
	return all
}

// place numbers a picture within its folder, which is for testing or training.
func (it *item) place(next map[string]int, test bool) {
	subject, kind, part := world.FileName(it.subject.Name), "good", "train"
	if it.defect != nil {
		kind = world.FileName(it.defect.Name)
	}
	if test {
		part = "test"
	}
	folder := path.Join(subject, part, kind)
	n := next[folder]
	next[folder]++
	it.file = path.Join(folder, fmt.Sprintf("%03d.png", n))
	if it.defect != nil {
		it.mask = path.Join(subject, "ground_truth", kind, fmt.Sprintf("%03d_mask.png", n))
	}
}
