package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// pageMark is what tells a page of this program from others.
const pageMark = `<meta name="generator" content="sdgraph anomalyany">`

// due reports whether the page is to be written: after each of few pictures, and
// after so many of many that it costs little.
func (x *index) due() bool { return x.unshown > 0 && x.unshown*32 >= len(x.Entries) }

var (
	//go:embed page.html.tmpl
	pageText string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string

	pageTemplate = template.Must(template.New("page").Parse(pageText))
)

// page is the index for people, one file without anything from elsewhere. It is
// written beside the pictures, and served by the command review, which alone can
// keep decisions.
type page struct {
	Mark   template.HTML
	Policy string // which lets a browser run the page's own script, and load pictures beside it
	Style  template.CSS
	Script template.JS
	Review bool // whether it is served

	Title    string
	Pictures int
	Usable   int
	Others   []string // how many are not usable, or are in spite of their scores
	Asked    []*asked
	Problems []problem
	Groups   []*group
}

// group is the pictures of one prompt and photograph.
type group struct {
	entry          // the first
	Cards   []card // those whose files are there
	Missing []entry
	Usable  int
	Shown   int // with those that were not kept
}

// card is what the page shows of a picture.
type card struct {
	entry
	Group   int // its number
	Rank    int // 0 for the worst
	Remarks []remark
}

// page is the index as HTML.
func (x *index) page(review bool) ([]byte, error) {
	shown := x.shown()
	p := page{
		Mark: pageMark, Policy: policy(review), Style: template.CSS(pageStyle), Script: template.JS(pageScript), Review: review,
		Pictures: x.Pictures, Usable: x.Usable, Others: others(shown), Asked: askedFor(shown), Problems: problems(shown), Groups: groups(shown),
	}
	p.Title = title(p.Groups)
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, p)
	return b.Bytes(), err
}

// shown are the entries that are finished.
func (x *index) shown() []entry {
	return slices.DeleteFunc(slices.Clone(x.Entries), func(e entry) bool { return e.unfinished })
}

// policy is the page's Content-Security-Policy: a text that somebody has put into
// the index runs nothing, whatever the template has overlooked.
func policy(review bool) string {
	connect := "'none'"
	if review {
		connect = "'self'"
	}
	sum := sha256.Sum256([]byte(pageScript))
	return fmt.Sprintf("default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'; script-src 'sha256-%s'; connect-src %s; base-uri 'none'; form-action 'none'",
		base64.StdEncoding.EncodeToString(sum[:]), connect)
}

// title has the first prompts.
func title(groups []*group) string {
	const most = 3
	var all []string
	for _, g := range groups {
		if !slices.Contains(all, g.Prompt) {
			all = append(all, g.Prompt)
		}
		if len(all) > most {
			all[most] = "…"
			break
		}
	}
	if len(all) == 0 {
		return "Generated defects"
	}
	return "Generated defects: " + strings.Join(all, "; ")
}

// groups are the pictures that are shown, in the order of the index.
func groups(shown []entry) []*group {
	var all []*group
	by := map[[2]string]int{}
	ranks := worstFirst(shown)
	for i, e := range shown {
		key := [2]string{e.Prompt, e.Photograph}
		n, ok := by[key]
		if !ok {
			n = len(all)
			by[key], all = n, append(all, &group{entry: e})
		}
		g := all[n]
		g.Shown++
		if e.Usable() {
			g.Usable++
		}
		if e.Picture == "" {
			g.Missing = append(g.Missing, e)
		} else {
			g.Cards = append(g.Cards, card{e, n, ranks[i], e.remarks()})
		}
	}
	return all
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
			key[2] = e.Prompt
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
