package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// head is what the page begins with.
type head struct {
	Review   bool // whether the page is served
	Pictures int
	Usable   int
	Others   []string // how many are not usable, or are in spite of their scores
	Asked    []*asked
	Problems []problem
}

func (x *index) head(review bool) head {
	shown := x.shown()
	return head{review, x.Pictures, x.Usable, others(shown), askedFor(shown), problems(shown)}
}

// html is the head alone, for a page that is shown already.
func (h head) html() (string, error) {
	var b strings.Builder
	err := pageTemplate.ExecuteTemplate(&b, "head", h)
	return b.String(), err
}

// asked is a defect on a part, and what came of it.
type asked struct {
	Object, Anomaly               string
	Prompt                        string // where the words are not known
	Photographs, Pictures, Usable int

	photographs map[string]bool
}

// askedFor are the parts and defects of pictures.
func askedFor(shown []entry) []*asked {
	var all []*asked
	by := map[[3]string]*asked{}
	for _, e := range shown {
		key := [3]string{e.Object, e.Anomaly}
		if e.Object == "" || e.Anomaly == "" {
			key[2] = e.Heading()
		}
		a := by[key]
		if a == nil {
			a = &asked{Object: e.Object, Anomaly: e.Anomaly, Prompt: key[2], photographs: map[string]bool{}}
			by[key], all = a, append(all, a)
		}
		a.Pictures++
		if e.Usable() {
			a.Usable++
		}
		if e.Photograph != "" && !a.photographs[e.Photograph] {
			a.photographs[e.Photograph] = true
			a.Photographs++
		}
	}
	return all
}

// others says in words what is not plainly good.
func others(shown []entry) []string {
	var failed, rejects, saved int
	for _, e := range shown {
		switch {
		case e.Decision == rejected:
			rejects++
		case e.Good():
		case e.Decision == accepted:
			saved++
		default:
			failed++
		}
	}
	var all []string
	for _, c := range []struct {
		n    int
		text string
	}{{failed, "%d failed"}, {rejects, "%d rejected"}, {saved, "%d accepted though the scores failed"}} {
		if c.n > 0 {
			all = append(all, fmt.Sprintf(c.text, c.n))
		}
	}
	return all
}

// problem is a reason for which pictures failed, and what may help.
type problem struct {
	What  string
	Count int
	Try   string
}

// reasonFlag is the end of a reason, with the flag that would have let it pass.
var reasonFlag = regexp.MustCompile(` \((--[a-z-]+)\)$`)

// limitOf is the flag of the limit that a reason is about, empty if it names none.
func limitOf(why string) string {
	if m := reasonFlag.FindStringSubmatch(why); m != nil {
		return m[1]
	}
	return ""
}

// problems are the reasons for which pictures are not usable, the commonest first.
func problems(shown []entry) []problem {
	by := map[string]*problem{}
	for _, e := range shown {
		if e.Usable() || e.Decision == rejected {
			continue
		}
		for _, why := range e.Failed {
			what, _, _ := strings.Cut(why, ":")
			if by[what] == nil {
				by[what] = &problem{What: what, Try: e.advice(limitOf(why))}
			}
			by[what].Count++
		}
	}
	var all []problem
	for _, what := range slices.Sorted(maps.Keys(by)) {
		all = append(all, *by[what])
	}
	slices.SortStableFunc(all, func(a, b problem) int { return cmp.Compare(b.Count, a.Count) })
	return all
}

// advice is what to try about a picture that fails by the limit of a flag.
func (e entry) advice(flag string) string {
	if e.Generator != "" {
		return othersAdvice[flag]
	}
	return advice[flag]
}

// othersAdvice is that about pictures of other generators than AnomalyAny.
var othersAdvice = map[string]string{
	"--min-inside": "another --seed, or another --generator; some changes are faint",
	"--min-area":   "another --seed, or --shape with a --shape-size",
	"--max-area":   "another --seed, --mask, or --shape with a --shape-size, so that only a place may change",
}

// advice is that about AnomalyAny's.
var advice = map[string]string{
	"--max-outside":    "--keep-part, which brings the photograph back outside the defect, or less --strength",
	"--min-inside":     "more --strength, a word for something that is seen better with --anomaly, or another --seed",
	"--min-confidence": "a simpler word with --anomaly, --mask for the place where the defect is to be, or another --seed",
	"--min-part":       "--keep-part, which brings the photograph back outside the defect, or less --strength",
	"--min-sees":       "a word that says what is to be seen with --anomaly, a sentence about the defect with --detail, or another --seed",
	"--min-focus":      "a simpler word with --anomaly, a sentence about the defect with --detail, more --strength, or another --seed",
	"--min-area":       "more --strength, or another --seed",
	"--max-area":       "--mask, so that only a place may change, a word for something smaller with --anomaly, or less --strength",
	"--min-clip":       "a sentence about the defect with --detail, more --strength, or another --seed",
	"--min-gain":       "a word that says what is to be seen with --anomaly, more --strength, or another --seed",
}
