package main

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"regexp"
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

	pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{"inCode": inCode}).Parse(pageText))
)

var flagText = regexp.MustCompile(`--[a-z]+(-[a-z]+)*`)

// inCode is a text with its flags as code.
func inCode(text string) template.HTML {
	return template.HTML(flagText.ReplaceAllString(template.HTMLEscapeString(text), "<code>$0</code>"))
}

// page is the index for people, one file without anything from elsewhere. It is
// written beside the pictures, and served by the command review, which alone can
// keep decisions.
type page struct {
	head
	Mark   template.HTML
	Policy string // which lets a browser run the page's own script, and load pictures beside it
	Style  template.CSS
	Script template.JS
	Title  string
	Groups []*group
}

// group is the pictures of one prompt.
type group struct {
	entry       // the first
	Photographs []string
	Cards       []card // those whose files are there
	Missing     []entry
	Usable      int
	Shown       int // with those that were not kept
}

// First are as many of the photographs as have room beside the prompt, and More is
// how many there are besides.
func (g *group) First() []string { return g.Photographs[:min(len(g.Photographs), 6)] }
func (g *group) More() int       { return len(g.Photographs) - len(g.First()) }

// card is what the page shows of a picture.
type card struct {
	entry
	Group   int // its number
	Rank    int // 0 for the worst
	Remarks []remark
}

// page is the index as HTML.
func (x *index) page(review bool) ([]byte, error) {
	p := page{
		head: x.head(review), Mark: pageMark, Policy: policy(review), Style: template.CSS(pageStyle), Script: template.JS(pageScript),
		Groups: groups(x.shown()),
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
	for i, g := range groups {
		if i == most {
			all = append(all, "…")
			break
		}
		all = append(all, g.Heading())
	}
	if len(all) == 0 {
		return "Generated defects"
	}
	return "Generated defects: " + strings.Join(all, "; ")
}

// groups are the pictures that are shown, in the order of the index.
func groups(shown []entry) []*group {
	var all []*group
	by := map[string]int{}
	photographs := map[[2]string]bool{} // that their prompts' groups have
	ranks := worstFirst(shown)
	for i, e := range shown {
		n, ok := by[e.Heading()]
		if !ok {
			n = len(all)
			by[e.Heading()], all = n, append(all, &group{entry: e})
		}
		g := all[n]
		if key := [2]string{e.Heading(), e.Photograph}; e.Photograph != "" && !photographs[key] {
			photographs[key], g.Photographs = true, append(g.Photographs, e.Photograph)
		}
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
