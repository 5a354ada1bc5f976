package anomaly

import "fmt"

// Player draws what is in a log, one after the other, if it is asked for the same kind of draw from the
// same numbers. From the first other draw on it returns what Draws do that cannot draw; Err tells.
type Player struct {
	log  []Draw
	next int
	err  error
}

// NewPlayer returns a Player of a log.
func NewPlayer(log []Draw) *Player { return &Player{log: log} }

// Err is nil if every draw so far was the log's, and the log is at its end. It is to be asked when the
// Generator is done, whose picture is none of the log's otherwise.
func (p *Player) Err() error {
	if left := len(p.log) - p.next; p.err == nil && left > 0 {
		return fmt.Errorf("of %d draws of the log %d were not asked for, the first of them %v", len(p.log), left, p.log[p.next])
	}
	return p.err
}

// play is the next draw of the log, if it is one of this kind from these numbers.
func (p *Player) play(kind string, a, b float64) (Draw, bool) {
	if p.err != nil {
		return Draw{}, false
	}
	if p.next == len(p.log) {
		p.err = fmt.Errorf("draw %d, %s from %v and %v, is more than the log has", p.next, kind, a, b)
		return Draw{}, false
	}
	d := p.log[p.next]
	switch {
	case d.Kind != kind || d.A != a || d.B != b:
		p.err = fmt.Errorf("draw %d is %s from %v and %v, and in the log %v", p.next, kind, a, b, d)
	case !d.possible():
		p.err = fmt.Errorf("draw %d of the log, %v, cannot come", p.next, d)
	}
	if p.err != nil {
		return Draw{}, false
	}
	p.next++
	return d, true
}

func (p *Player) number(kind string, a, b, otherwise float64) float64 {
	if d, ok := p.play(kind, a, b); ok {
		return d.Value
	}
	return otherwise
}

// Whole implements Draws.
func (p *Player) Whole(lo, hi int) int {
	if d, ok := p.play(integerDraw, float64(lo), float64(hi)); ok {
		return int(d.Value)
	}
	return lo
}

// Uniform implements Draws.
func (p *Player) Uniform(lo, hi float64) float64 { return p.number(uniformDraw, lo, hi, lo) }

// Normal implements Draws.
func (p *Player) Normal(mean, deviation float64) float64 {
	return p.number(normalDraw, mean, deviation, mean)
}

// Gamma implements Draws.
func (p *Player) Gamma(shape, scale float64) float64 { return p.number(gammaDraw, shape, scale, 0) }

// Choose implements Draws.
func (p *Player) Choose(n, k int) []int {
	if d, ok := p.play(choiceDraw, float64(n), float64(k)); ok {
		return append([]int(nil), d.Chosen...)
	}
	var first []int
	for i := range min(n, k) {
		first = append(first, i)
	}
	return first
}
