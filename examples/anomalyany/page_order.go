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
	for _, score := range comparedBy(shown) {
		slices.SortStableFunc(score, func(a, b scored) int { return cmp.Compare(a.value, b.value) })
		for first := 0; first < len(score); {
			last := first
			for last+1 < len(score) && score[last+1].value == score[first].value {
				last++
			}
			place := float64(first+last) / float64(2*len(score)) // in the middle of those that are the same
			for ; first <= last; first++ {
				weakest[score[first].at] = min(weakest[score[first].at], place)
			}
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

// comparedBy are the scores by which pictures are compared, each of those pictures
// that have it.
func comparedBy(shown []entry) (all [9][]scored) {
	for i, e := range shown {
		take := func(kind int, v *float64, sign float64) {
			if v != nil {
				all[kind] = append(all[kind], scored{i, sign * *v})
			}
		}
		s := e.Scores
		take(0, s.Focus, 1)
		take(1, s.Inside, 1)
		take(2, s.Part, 1)
		take(3, s.Sees, 1)
		if s.Outside != nil {
			take(4, &s.Outside.Share, -1)
		}
		if s.CLIP != nil {
			margin, gain := s.CLIP.Margin(), s.CLIP.Gain()
			take(5, &margin, 1)
			take(6, &gain, 1)
		}
		take(7, s.Confidence, 1)
		take(8, s.Stray, -1)
	}
	return all
}
