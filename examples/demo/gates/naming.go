package main

import (
	"context"
	"slices"

	"github.com/sdgraph/sdgraph/examples/demo/trial"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// naming is how often CLIP chooses the right text for a picture.
type naming struct {
	Subject mean `json:"subject"` // among all subjects, of pictures with and without defects
	Seen    mean `json:"defect_seen"`
	Unseen  mean `json:"defect_unseen"`

	Subjects map[string]mean `json:"subjects"` // whether the subject was named
	Defects  map[string]mean `json:"defects"`  // whether the defect was, given the subject, of all pairs
}

// namer chooses texts for pictures.
type namer struct {
	m      *measurement
	embeds map[string][]float32 // of texts
}

// embed is CLIP's embedding of a text; each is computed once.
func (n *namer) embed(ctx context.Context, text string) ([]float32, error) {
	if e := n.embeds[text]; e != nil {
		return e, nil
	}
	e, err := n.m.pipeline.CLIPText(ctx, text)
	if err != nil {
		return nil, err
	}
	n.embeds[text] = tensor.Float32s(e)
	return n.embeds[text], nil
}

// best is the index of the text whose embedding is nearest to a picture's.
func (n *namer) best(ctx context.Context, picture []float32, texts []string) (int, error) {
	best, at := float32(-2), 0
	for i, text := range texts {
		e, err := n.embed(ctx, text)
		if err != nil {
			return 0, err
		}
		cosine := float32(0)
		for k, v := range e {
			cosine += v * picture[k]
		}
		if cosine > best {
			best, at = cosine, i
		}
	}
	return at, nil
}

// name is what CLIP says a picture [1, 3, H, W] shows, and, given the
// name of the subject, what it says is wrong with it.
func (n *namer) name(ctx context.Context, picture *gt.Dense, of string) (subject, defect string, err error) {
	e, err := n.m.pipeline.CLIPImage(ctx, picture)
	if err != nil {
		return "", "", err
	}
	var subjects, defects []string
	for _, s := range world.Subjects() {
		subjects = append(subjects, world.Caption(s.Name, ""))
	}
	for _, d := range world.Defects() {
		defects = append(defects, world.Caption(of, d.Name))
	}
	s, err := n.best(ctx, tensor.Float32s(e), subjects)
	if err != nil {
		return "", "", err
	}
	d, err := n.best(ctx, tensor.Float32s(e), defects)
	return world.Subjects()[s].Name, world.Defects()[d].Name, err
}

// name measures CLIP.
func (m *measurement) name(ctx context.Context, r *report) error {
	res := &naming{Subjects: map[string]mean{}, Defects: map[string]mean{}}
	n := &namer{m, map[string][]float32{}}
	trials := slices.Concat(m.seen, m.unseen)
	p := newProgress(ctx, "CLIP", len(trials))
	defer p.End()
	for _, t := range trials {
		for _, d := range []world.Drawing{t.good, t.bad} {
			subject, defect, err := n.name(ctx, trial.Picture(d), t.Subject.Name)
			if err != nil {
				return err
			}
			res.Subject.count(subject == t.Subject.Name)
			countIn(res.Subjects, t.Subject.Name, subject == t.Subject.Name)
			if d.Defect == "" {
				continue
			}
			right := defect == t.Defect.Name
			countIn(res.Defects, t.Defect.Name, right)
			if t.Unseen() {
				res.Unseen.count(right)
			} else {
				res.Seen.count(right)
			}
		}
		p.Step(1, "")
	}
	r.Naming = res
	return nil
}
