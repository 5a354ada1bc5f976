package main

import "fmt"

// decision is what a person says of a picture, whatever its scores are.
type decision string

const (
	undecided decision = ""
	accepted  decision = "accept"
	rejected  decision = "reject"
)

// check refuses what is no decision: others may have written the index.
func (d decision) check() error {
	switch d {
	case undecided, accepted, rejected:
		return nil
	}
	return fmt.Errorf("decision: it is %.100q, want %q, %q or nothing", string(d), string(accepted), string(rejected))
}

// Usable reports whether the picture belongs into a data set: it is there, and
// was accepted, or is good and was not rejected.
func (e entry) Usable() bool {
	return e.Picture != "" && (e.Decision == accepted || e.Good() && e.Decision != rejected)
}

// State is good or failed, or what was decided: accepted or rejected.
func (e entry) State() string {
	switch {
	case e.Decision != undecided:
		return string(e.Decision) + "ed"
	case e.Good():
		return "good"
	}
	return "failed"
}

// decided is what was decided about the picture which has a name now, if it is
// the one of this identity or the file of this hash: the decision about another
// picture is none about this one.
func (x *index) decided(name, identity, hash string) decision {
	e := x.entry(name)
	if e == nil || e.Identity != identity && !(len(e.Files[e.Picture]) == 1 && e.Files[e.Picture][0] == hash) {
		return undecided
	}
	return e.Decision
}

// decide sets a decision, and reports whether it is another than before.
func (x *index) decide(e *entry, d decision) (news bool) {
	if e.Decision == d {
		return false
	}
	e.Decision = d
	delete(x.encoded, e.Name)
	x.unshown++
	x.count()
	return true
}
