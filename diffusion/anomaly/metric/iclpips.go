package metric

import (
	"errors"
	"fmt"
	"math"
)

// ClusterRule is whose script decides which generated pictures are compared.
type ClusterRule int

// Two published scripts compute IC-LPIPS, and differ in which of equally near centres a picture belongs to and in how many
// pictures of a cluster count.
const (
	// AnomalyDiffusionRule is cal_ic_lpips.py of AnomalyDiffusion (Hu et al., AAAI 2024), whose numbers AnomalyAny's paper
	// is compared with: the last of equal centres; at most 50 pictures, drawn.
	AnomalyDiffusionRule ClusterRule = iota
	// SeaSRule is that of SeaS (Dai et al., ICCV 2025): the first of equal centres; at most 140, in order of arrival.
	SeaSRule
)

// String returns "anomalydiffusion" or "seas".
func (r ClusterRule) String() string {
	if r == SeaSRule {
		return "seas"
	}
	return "anomalydiffusion"
}

// most is how many pictures of a cluster count.
func (r ClusterRule) most() int {
	if r == SeaSRule {
		return 140
	}
	return 50
}

// Clusters puts each of several generated pictures to the true one that it is most like, its centre, and returns the
// numbers of those that count, of each cluster: the first ones in the given order, as many as the rule takes. Distances
// are of each picture its LPIPS to each centre; where there are no centres, as of a defect that nobody has photographed,
// all pictures are of one cluster. Order is the order of arrival, such as LegacyPermutation in place of the scripts' draw
// without a seed; nil is that of the pictures.
func Clusters(distances [][]float64, rule ClusterRule, order []int) ([][]int, error) {
	if len(distances) == 0 {
		return nil, errors.New("there are no pictures to put to their centres")
	}
	if order == nil {
		for i := range distances {
			order = append(order, i)
		}
	}
	if err := isOrder(order, len(distances)); err != nil {
		return nil, err
	}
	centres := len(distances[0])
	clusters := make([][]int, max(centres, 1))
	for _, i := range order {
		if len(distances[i]) != centres {
			return nil, fmt.Errorf("picture %d has distances to %d centres, the first one to %d", i, len(distances[i]), centres)
		}
		at, err := rule.nearest(distances[i])
		if err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		if len(clusters[at]) < rule.most() {
			clusters[at] = append(clusters[at], i)
		}
	}
	return clusters, nil
}

// isOrder returns an error unless order has each number below n once.
func isOrder(order []int, n int) error {
	seen := make([]bool, n)
	for _, i := range order {
		if i < 0 || i >= n || seen[i] {
			return fmt.Errorf("an order of %d pictures has %d, want each of 0 to %d once", n, i, n-1)
		}
		seen[i] = true
	}
	if len(order) != n {
		return fmt.Errorf("an order has %d pictures, want %d", len(order), n)
	}
	return nil
}

// nearest is the number of the nearest centre, 0 where there is none.
func (r ClusterRule) nearest(distances []float64) (int, error) {
	at := 0
	for c, d := range distances {
		if math.IsNaN(d) || d < 0 {
			return 0, fmt.Errorf("its distance to centre %d is %v", c, d)
		}
		if d < distances[at] || d == distances[at] && r == AnomalyDiffusionRule {
			at = c
		}
	}
	return at, nil
}

// Diversity is the IC-LPIPS of generated pictures.
type Diversity struct {
	Mean      float64 // of the clusters that have a pair; NaN where none has
	EmptyAs0  float64 // the mean of all, with 0 for those that have none, which other programs print
	OfCluster []float64
	Sizes     []int // pictures of each cluster; one without a pair has no value, NaN
	Used      int   // clusters that have one
}

// ICLPIPS returns how unlike each other generated pictures are that are like the same true one, the intra-cluster pairwise
// LPIPS distance (Ojha et al., "Few-shot image generation via cross-domain correspondence", CVPR 2021, section 4.1): of each
// cluster the mean distance of all pairs, and the mean of these. Clusters without a pair are left out. The distance is
// asked for once a pair, cluster by cluster, of a picture that comes earlier in its cluster and a later one.
func ICLPIPS(clusters [][]int, distance func(i, j int) (float64, error)) (Diversity, error) {
	d := Diversity{Mean: math.NaN()}
	if len(clusters) == 0 || distance == nil {
		return d, errors.New("IC-LPIPS takes clusters and a distance of two pictures, not nothing")
	}
	sum := 0.0
	for _, c := range clusters {
		mean, err := meanOfPairs(c, distance)
		if err != nil {
			return d, err
		}
		d.Sizes, d.OfCluster = append(d.Sizes, len(c)), append(d.OfCluster, mean)
		if !math.IsNaN(mean) {
			sum += mean
			d.Used++
		}
	}
	d.EmptyAs0 = sum / float64(len(clusters))
	if d.Used > 0 {
		d.Mean = sum / float64(d.Used)
	}
	return d, nil
}

func meanOfPairs(pictures []int, distance func(i, j int) (float64, error)) (float64, error) {
	sum, pairs := 0.0, 0
	for at, i := range pictures {
		for _, j := range pictures[at+1:] {
			v, err := distance(i, j)
			if err == nil && (math.IsNaN(v) || v < 0) {
				err = fmt.Errorf("the distance of pictures %d and %d is %v", i, j, v)
			}
			if err != nil {
				return 0, err
			}
			sum += v
			pairs++
		}
	}
	if pairs == 0 {
		return math.NaN(), nil
	}
	return sum / float64(pairs), nil
}
