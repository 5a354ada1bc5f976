package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what index.html shows. It holds its pictures, so that it can be sent
// around alone.
type page struct {
	Prompt   string
	Settings []setting
	Picture  thumb
	Words    []pageWord
}

type setting struct{ Name, Value string }

// pageWord is the maps of one word.
type pageWord struct {
	Word         string
	Tokens       []int
	Total        thumb
	Steps, Sites []thumb
}

// thumb is a picture on the page and the PNG file that it stands for.
type thumb struct {
	File          string
	Width, Height int
	Data          template.URL
	Title, Path   string // caption; the whole path of a site
	Range         string // smallest and largest value of the map
}

// newPage says how the maps were made.
func (j *job) newPage(m *maps) page {
	f := j.flags
	p := page{Prompt: f.Prompt}
	set := func(name, format string, values ...any) {
		p.Settings = append(p.Settings, setting{name, fmt.Sprintf(format, values...)})
	}
	set("size", "%d×%d", j.width, j.height)
	if f.Image != "" {
		set("photograph", "%s", f.Image)
		set("timesteps", "%v", f.T)
	} else {
		set("scheduler", "%s", f.Scheduler)
		set("steps", "%d", len(m.times))
		set("guidance", "%g", f.Guidance)
		if f.Negative != "" {
			set("negative prompt", "%s", f.Negative)
		}
	}
	set("seed", "%d", f.Seed)
	set("model", "%s", f.Model)
	if f.Random {
		p.Settings[len(p.Settings)-1].Value = "random weights"
	}
	set("attention sites", "%d", len(m.sites))
	return p
}

func (p page) render() ([]byte, error) {
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, p)
	return b.Bytes(), err
}
