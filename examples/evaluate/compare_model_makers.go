package main

import (
	"cmp"
	"context"
	"image"
	"image/color"
	"image/draw"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// What the model sees of a photograph is the largest window of its middle that has a shape for models, at the model's size;
// what comes of it is put back at the photograph's, so that nothing but the defect tells a picture from a normal one.

// ownAnomalyAny is AnomalyAny with a model of photographs.
type ownAnomalyAny struct{ *ownModel }

// Close leaves the model to others.
func (ownAnomalyAny) Close() error { return nil }

func (m ownAnomalyAny) generator(ctx context.Context, o order) (anomaly.Generator, error) {
	photograph := o.reference.picture
	canvas, err := anomaly.NewWindow(photograph, allOf(photograph.Rect.Size()), m.size(), m.Multiple())
	if err != nil {
		return nil, err
	}
	with := m.asking(o.part, o.defect)
	with.Memory = m.memory
	t, err := newTry(ctx, m.Pipeline, with, canvas, m.others(o))
	if err != nil {
		return nil, err
	}
	t.defect, t.limits = o.defect, m.Limits
	return steady{scored{t}, m.ownModel}, nil
}

// asking are the options with which a defect is asked for.
func (m ownAnomalyAny) asking(part, defect string) anomalyany.Options {
	o, d := m.Options, m.defect(part, defect)
	o.Prompt, o.Words, o.Detail, o.Normal = d.Prompt, d.Words, d.Detail, m.articles().Normal(m.object(part))
	return o
}

// others are the sentences for the other defects of a part, for which a picture might be taken.
func (m ownAnomalyAny) others(o order) (sentences []string) {
	for _, other := range o.defects {
		if other != o.defect {
			sentences = append(sentences, m.defect(o.part, other).Prompt)
		}
	}
	return sentences
}

func (m ownAnomalyAny) options(o order) any {
	return struct {
		anomalyany.Options
		Limits anomalyany.Limits
		Size   int
		Model  modelIdentity
	}{m.asking(o.part, o.defect), m.Limits, m.size(), m.is}
}

// ownSDAS is SDAS with a model of photographs.
type ownSDAS struct{ *ownModel }

// Close leaves the model to others.
func (ownSDAS) Close() error { return nil }

func (m ownSDAS) asking(part string) generate.SDASOptions {
	o := generate.DefaultSDAS()
	o.Prompt, o.Strength, o.Control = m.articles().Normal(m.object(part)), m.strengths, false // the same pictures in half the time
	return o
}

func (m ownSDAS) options(o order) any {
	return struct {
		generate.SDASOptions
		Size  int
		Model modelIdentity
	}{m.asking(o.part), m.size(), m.is}
}

func (m ownSDAS) generator(ctx context.Context, o order) (anomaly.Generator, error) {
	all := image.NewRGBA(image.Rectangle{Max: o.reference.picture.Rect.Size()})
	draw.Draw(all, all.Rect, image.White, image.Point{}, draw.Src)
	w, err := images.Choose(all, m.size(), m.Multiple())
	if err != nil {
		return nil, err
	}
	g, err := generate.NewSDAS(ctx, m.Pipeline, w.Size.Y, w.Size.X, m.asking(o.part))
	return steady{windowed{g, w}, m.ownModel}, err
}

// allOf is the mask of all of a picture.
func allOf(size image.Point) *image.Gray {
	m := image.NewGray(image.Rectangle{Max: size})
	draw.Draw(m, m.Rect, image.White, image.Point{}, draw.Src)
	return m
}

// windowed is a generator of pictures of one size, which sees photographs of another.
type windowed struct {
	anomaly.Generator
	window images.Window
}

// Generate puts what the generator makes of the window into the photograph, inside the mask.
func (w windowed) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (r anomaly.Result, err error) {
	seen, err := images.StretchTo(w.window.Part.Size(), w.window.Size).Picture(images.Cut(in.Normal, w.window.Part))
	if err != nil {
		return r, err
	}
	made, err := w.Generator.Generate(ctx, anomaly.Input{Normal: seen}, d)
	if err != nil {
		return r, err
	}
	if r.Sample, err = w.put(in.Normal, made.Sample); err != nil {
		return r, err
	}
	r.Provenance = made.Provenance
	r.Stray, err = anomaly.Stray(in.Normal, r.Sample)
	return r, err
}

// put puts what was made of the window into a photograph.
func (w windowed) put(photograph *image.RGBA, made anomaly.Sample) (anomaly.Sample, error) {
	from, part := w.window.Size, w.window.Part
	picture, err := images.StretchTo(from, part.Size()).Picture(made.Picture)
	if err != nil {
		return made, err
	}
	mask, err := maskNumbers(made.Mask, from)
	if err == nil {
		mask, err = images.ResizeBilinear(mask, from.Y, from.X, part.Dy(), part.Dx())
	}
	if err != nil {
		return made, err
	}
	if images.IsGrey(photograph) {
		picture = images.Desaturate(picture)
	}
	made.Picture = images.Cut(photograph, photograph.Rect)
	made.Mask = image.NewGray(made.Picture.Rect)
	for i, v := range mask {
		if v >= 0.5 {
			x, y := i%part.Dx(), i/part.Dx()
			made.Picture.SetRGBA(part.Min.X+x, part.Min.Y+y, picture.RGBAAt(x, y))
			made.Mask.SetGray(part.Min.X+x, part.Min.Y+y, color.Gray{Y: 255})
		}
	}
	return made, nil
}

// steady is a generator whose pictures count only while the model's files are those that the pictures' records name.
type steady struct {
	anomaly.Generator
	model *ownModel
}

// Generate makes a picture. An error of it says little where the files have changed.
func (w steady) Generate(ctx context.Context, in anomaly.Input, d anomaly.Draws) (anomaly.Result, error) {
	r, err := w.Generator.Generate(ctx, in, d)
	return r, cmp.Or(w.model.Changed(), err)
}
