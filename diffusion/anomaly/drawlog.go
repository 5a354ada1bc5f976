package anomaly

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Draw is one random choice. As JSON it is a list of its kind, of what it was drawn from, and of what
// came: ["integer",4,76,64], ["choice",10,3,[7,0,2]].
type Draw struct {
	Kind   string  // "integer" (Whole), "uniform", "normal", "gamma" or "choice" (Choose)
	A, B   float64 // lo and hi, mean and deviation, shape and scale, n and k
	Value  float64 // what came, but for a choice
	Chosen []int   // what came of a choice
}

const (
	integerDraw = "integer"
	uniformDraw = "uniform"
	normalDraw  = "normal"
	gammaDraw   = "gamma"
	choiceDraw  = "choice"
)

var drawKinds = []string{integerDraw, uniformDraw, normalDraw, gammaDraw, choiceDraw}

// MarshalJSON writes the list.
func (d Draw) MarshalJSON() ([]byte, error) {
	var value any = d.Value
	if d.Kind == choiceDraw {
		value = append([]int{}, d.Chosen...)
	}
	return json.Marshal([]any{d.Kind, d.A, d.B, value})
}

// UnmarshalJSON reads the list.
func (d *Draw) UnmarshalJSON(data []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) != 4 {
		return fmt.Errorf("a draw is %.100s, want a list of its kind, two numbers and what came", data)
	}
	var read Draw
	for i, to := range []any{&read.Kind, &read.A, &read.B} {
		if err := json.Unmarshal(parts[i], to); err != nil {
			return fmt.Errorf("the draw %.100s: %.200s", data, err) // the error has all of a number
		}
	}
	if !slices.Contains(drawKinds, read.Kind) {
		return fmt.Errorf("the draw %.100s: its kind is %.20q, want one of %s", data, read.Kind, strings.Join(drawKinds, ", "))
	}
	var to any = &read.Value
	if read.Kind == choiceDraw {
		to = &read.Chosen
	}
	if err := json.Unmarshal(parts[3], to); err != nil {
		return fmt.Errorf("the draw %.100s: %.200s", data, err) // the error has all of a number
	}
	*d = read
	return nil
}

// possible reports whether what came can come of such a draw.
func (d Draw) possible() bool {
	finite := !math.IsNaN(d.Value) && !math.IsInf(d.Value, 0)
	switch d.Kind {
	case integerDraw:
		return d.Value == math.Trunc(d.Value) && d.A <= d.Value && d.Value < d.B
	case uniformDraw:
		return d.A <= d.Value && d.Value <= d.B // numpy may round up to hi
	case gammaDraw:
		return finite && d.Value >= 0
	case choiceDraw:
		if float64(len(d.Chosen)) != d.B {
			return false
		}
		seen := map[int]bool{}
		for _, i := range d.Chosen {
			if seen[i] || i < 0 || float64(i) >= d.A {
				return false
			}
			seen[i] = true
		}
		return true
	}
	return finite
}

// String is the draw as JSON.
func (d Draw) String() string {
	text, err := d.MarshalJSON()
	if err != nil { // a number that is not finite
		return fmt.Sprintf("[%q,%v,%v,%v]", d.Kind, d.A, d.B, d.Value)
	}
	return string(text)
}

// Recorder draws from other Draws and notes what came.
type Recorder struct {
	from Draws
	log  []Draw
}

// NewRecorder returns a Recorder of draws; nil are those of seed 0.
func NewRecorder(from Draws) *Recorder {
	if from == nil {
		from = NewDraws(0)
	}
	return &Recorder{from: from}
}

// Log returns what came so far. Written as JSON it is what a Player needs.
func (r *Recorder) Log() []Draw { return slices.Clone(r.log) }

func (r *Recorder) note(kind string, a, b, value float64) float64 {
	r.log = append(r.log, Draw{Kind: kind, A: a, B: b, Value: value})
	return value
}

// Whole implements Draws.
func (r *Recorder) Whole(lo, hi int) int {
	n := r.from.Whole(lo, hi)
	r.note(integerDraw, float64(lo), float64(hi), float64(n))
	return n
}

// Uniform implements Draws.
func (r *Recorder) Uniform(lo, hi float64) float64 {
	return r.note(uniformDraw, lo, hi, r.from.Uniform(lo, hi))
}

// Normal implements Draws.
func (r *Recorder) Normal(mean, deviation float64) float64 {
	return r.note(normalDraw, mean, deviation, r.from.Normal(mean, deviation))
}

// Gamma implements Draws.
func (r *Recorder) Gamma(shape, scale float64) float64 {
	return r.note(gammaDraw, shape, scale, r.from.Gamma(shape, scale))
}

// Choose implements Draws.
func (r *Recorder) Choose(n, k int) []int {
	chosen := r.from.Choose(n, k)
	r.log = append(r.log, Draw{Kind: choiceDraw, A: float64(n), B: float64(k), Chosen: slices.Clone(chosen)})
	return chosen
}
