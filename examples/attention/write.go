package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"strings"

	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// thumbnail is the shorter side of the maps of steps and sites, in pixels.
const thumbnail = 128

// writer collects the files, which are written when all are made.
type writer struct {
	ctx   context.Context
	made  []files.File // by their names in the folder
	small *image.RGBA  // the picture as a thumbnail
}

// write saves picture, maps and page, and returns the paths that a person would
// open. Until everything is made, nothing of it is in place.
func (j *job) write(ctx context.Context, picture *image.RGBA, m *maps) (paths []string, err error) {
	w := writer{ctx: ctx}
	if w.small, err = images.Fitted(picture, thumbnail, 1); err != nil {
		return nil, err
	}
	page := j.newPage(m)
	if page.Picture, err = w.save(pictureName, picture, picture); err != nil {
		return nil, err
	}
	for k, name := range names(m.words) {
		p, err := w.word(picture, m, k, name)
		if err != nil {
			return nil, err
		}
		page.Words = append(page.Words, p)
	}
	html, err := page.render()
	if err != nil {
		return nil, err
	}
	w.made = append(w.made, files.File{Path: pageName, Data: html}) // last
	for _, f := range w.made {
		if !strings.Contains(f.Path, stepPart) && !strings.Contains(f.Path, sitePart) {
			paths = append(paths, j.folder.Path(f.Path))
		}
	}
	return paths, j.place(w.made)
}

// word saves the maps of word k, whose files are called name.
func (w *writer) word(picture *image.RGBA, m *maps, k int, name string) (pageWord, error) {
	p := pageWord{Word: m.words[k].text, Tokens: m.words[k].tokens}
	var err error
	if p.Total, err = w.heat(name+".png", picture, m.total(k), m.h, m.w); err != nil {
		return p, err
	}
	for i, t := range m.times {
		thumb, err := w.heat(fmt.Sprintf("%s%s%02d.png", name, stepPart, i+1), w.small, m.bySteps[k][i], m.h, m.w)
		if err != nil {
			return p, err
		}
		thumb.Title = fmt.Sprintf("step %d, t = %.4g", i+1, t)
		p.Steps = append(p.Steps, thumb)
	}
	for i, path := range m.sites {
		size := m.sizes[i]
		thumb, err := w.heat(fmt.Sprintf("%s%s%02d-%s.png", name, sitePart, i+1, shortPath(path)), w.small, m.site(k, i), size[0], size[1])
		if err != nil {
			return p, err
		}
		thumb.Title, thumb.Path = fmt.Sprintf("%s, %d×%d", shortPath(path), size[1], size[0]), path
		p.Sites = append(p.Sites, thumb)
	}
	return p, nil
}

// heat saves a map [mh, mw], stretched, over a picture.
func (w *writer) heat(name string, picture *image.RGBA, values []float32, mh, mw int) (thumb, error) {
	size := picture.Bounds().Size()
	values, lo, hi := stretched(values)
	values, err := images.ResizeBilinear(values, mh, mw, size.Y, size.X)
	if err != nil {
		return thumb{}, err
	}
	heat, err := images.HeatMap(picture, values)
	if err != nil {
		return thumb{}, fmt.Errorf("%s: %w", name, err)
	}
	t, err := w.save(name, heat, heat)
	t.Range = fmt.Sprintf("%.2g to %.2g", lo, hi)
	return t, err
}

// save keeps a picture as a PNG file, and returns it for the page as a JPEG.
func (w *writer) save(name string, picture, onPage image.Image) (thumb, error) {
	if err := w.ctx.Err(); err != nil {
		return thumb{}, err
	}
	data, err := images.EncodePNG(picture, nil)
	if err != nil {
		return thumb{}, fmt.Errorf("picture %s: %w", name, err)
	}
	w.made = append(w.made, files.File{Path: name, Data: data})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, onPage, &jpeg.Options{Quality: 85}); err != nil {
		return thumb{}, err
	}
	size := onPage.Bounds().Size()
	return thumb{
		File: name, Width: size.X, Height: size.Y,
		Data: template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())),
	}, nil
}

// names are the words as parts of file names, each another.
func names(words []word) []string {
	var all []string
	taken := map[string]bool{"picture": true, "index": true, "preview": true}
	for _, w := range words {
		base := files.Name(w.text)
		name := base
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		taken[name] = true
		all = append(all, name)
	}
	return all
}

// shortPath is a site's path as people say it: down 1.0 for
// down_blocks.1.attentions.0.transformer_blocks.0.attn2.
func shortPath(path string) string {
	s := strings.TrimSuffix(path, ".transformer_blocks.0.attn2")
	s = strings.NewReplacer("_blocks.", "-", "_block.", "-", "attentions.", "").Replace(s)
	return strings.ReplaceAll(s, "/", "-")
}
