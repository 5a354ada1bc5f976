package main

import (
	"cmp"
	"slices"
)

// worstFirst ranks pictures, 0 for the worst: those that are not usable come
// first, then those whose weakest score is weakest, as each score compares with
// that of the other pictures. So scores of different kinds need no common scale.
func worstFirst(shown []entry) (ranks []int) {
	weakest := make([]float64, len(shown))
	for i := range weakest {
		weakest[i] = 1
	}
	for _, score := range comparable(shown) {
		slices.SortStableFunc(score, func(a, b scored) int { return cmp.Compare(a.value, b.value) })
		place := 0
		for i, s := range score {
			if s.value > score[place].value {
				place = i
			}
			weakest[s.at] = min(weakest[s.at], float64(place)/float64(len(score)))
		}
	}
	order := make([]int, len(shown))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if ua, ub := shown[a].Usable(), shown[b].Usable(); ua != ub {
			if ub {
				return -1
			}
			return 1
		}
		return cmp.Compare(weakest[a], weakest[b])
	})
	ranks = make([]int, len(shown))
	for rank, i := range order {
		ranks[i] = rank
	}
	return ranks
}

// scored is a score of the picture at some place of a list.
type scored struct {
	at    int
	value float64 // higher is better
}

// comparable are the scores by which pictures are compared, each of those pictures
// that have it.
func comparable(shown []entry) (all [][]scored) {
	all = make([][]scored, 7)
	for i, e := range shown {
		m := measuredOf(e.Scores)
		less := m.outside
		if less != nil {
			negated := -*less
			less = &negated
		}
		for kind, v := range []*float64{&m.focus, less, m.inside, m.part, m.sees, m.margin, m.gain} {
			if v != nil {
				all[kind] = append(all[kind], scored{i, *v})
			}
		}
	}
	return all
}
