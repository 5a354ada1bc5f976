package metric

import (
	"fmt"
	"math"
)

// InceptionScoreOptions say over which parts of the pictures a score is taken.
type InceptionScoreOptions struct {
	Splits  int    // parts of equal size, each with a score of its own, 1 to as many as there are pictures
	Seed    uint32 // the pictures are shuffled with it before (LegacyPermutation)
	InOrder bool   // they are not
}

// DefaultInceptionScore returns the options of torch-fidelity, with which published scores are usually computed: 10 splits,
// seed 2020.
func DefaultInceptionScore() InceptionScoreOptions {
	return InceptionScoreOptions{Splits: 10, Seed: 2020}
}

// Score is an inception score, with all that it depends on: it grows with the pictures of a split, so that one without
// their number says nothing.
type Score struct {
	Mean      float64   // of the splits' scores; 1 is the least
	Deviation float64   // of them, of the population
	OfSplits  []float64 // each
	Pictures  int
	InceptionScoreOptions
}

// InceptionScore returns how surely a network knows what each picture shows, and how many different things all show
// together (Salimans et al., "Improved techniques for training GANs", NeurIPS 2016, section 4): of each split exp of the
// mean of KL(p(class | picture) ‖ p(class)). Logits are of each picture the network's numbers before the softmax; those of
// published scores are Inception v3's of 2015, without the last layer's bias (vision.InceptionV3.LogitsUnbiased). It equals
// torch-fidelity 0.4. Fewer pictures than splits are an error, where torch-fidelity's score is NaN.
func InceptionScore(logits [][]float32, o InceptionScoreOptions) (Score, error) {
	s := Score{Pictures: len(logits), InceptionScoreOptions: o}
	if o.Splits < 1 || o.Splits > len(logits) {
		return s, fmt.Errorf("an inception score of %d splits of %d pictures, want 1 to as many splits as pictures", o.Splits, len(logits))
	}
	if err := checkFeatures("the set", logits); err != nil {
		return s, err
	}
	order := newLegacy(o.Seed).permutation(len(logits))
	for i := range o.Splits {
		from, to := i*len(logits)/o.Splits, (i+1)*len(logits)/o.Splits
		part := make([][]float64, 0, to-from)
		for _, at := range order[from:to] {
			if o.InOrder {
				at = from + len(part)
			}
			part = append(part, logSoftmax(logits[at]))
		}
		s.OfSplits = append(s.OfSplits, splitScore(part))
	}
	s.Mean, s.Deviation = meanAndDeviation(s.OfSplits)
	return s, nil
}

// splitScore is that of the logarithms of probabilities.
func splitScore(logs [][]float64) float64 {
	mean := make([]float64, len(logs[0]))
	for _, l := range logs {
		for c, v := range l {
			mean[c] += math.Exp(v) / float64(len(logs))
		}
	}
	sum := 0.0
	for _, l := range logs {
		for c, v := range l {
			if p := math.Exp(v); p > 0 { // 0·log 0 is 0
				sum += p * (v - math.Log(mean[c]))
			}
		}
	}
	return math.Exp(sum / float64(len(logs)))
}

func logSoftmax(logits []float32) []float64 {
	largest, sum := math.Inf(-1), 0.0
	for _, v := range logits {
		largest = max(largest, float64(v))
	}
	for _, v := range logits {
		sum += math.Exp(float64(v) - largest)
	}
	out := make([]float64, len(logits))
	for i, v := range logits {
		out[i] = float64(v) - largest - math.Log(sum)
	}
	return out
}

// meanAndDeviation are those of a population.
func meanAndDeviation(v []float64) (mean, deviation float64) {
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		deviation += (x - mean) * (x - mean) / float64(len(v))
	}
	return mean, math.Sqrt(deviation)
}
