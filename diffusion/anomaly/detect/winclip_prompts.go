package detect

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// The sentences of WinCLIP, of the paper's appendix (arXiv 2303.14814, table 6 and section A), as mala-lab/WinCLIP and
// anomalib have them: a state of the part in a template.
var (
	normalStates    = []string{"%s", "flawless %s", "perfect %s", "unblemished %s", "%s without flaw", "%s without defect", "%s without damage"}
	anomalousStates = []string{"damaged %s", "%s with flaw", "%s with defect", "%s with damage"}

	photoTemplates = []string{
		"a cropped photo of the %s.", "a cropped photo of a %s.",
		"a close-up photo of a %s.", "a close-up photo of the %s.",
		"a bright photo of a %s.", "a bright photo of the %s.",
		"a dark photo of the %s.", "a dark photo of a %s.",
		"a jpeg corrupted photo of a %s.", "a jpeg corrupted photo of the %s.",
		"a blurry photo of the %s.", "a blurry photo of a %s.",
		"a photo of a %s.", "a photo of the %s.",
		"a photo of a small %s.", "a photo of the small %s.",
		"a photo of a large %s.", "a photo of the large %s.",
		"a photo of the %s for visual inspection.", "a photo of a %s for visual inspection.",
		"a photo of the %s for anomaly detection.", "a photo of a %s for anomaly detection.",
	}
)

// templatesOf are those of a reading: anomalib 2.7 lacks one and has another twice.
func templatesOf(r Reading) []string {
	if r != Anomalib {
		return photoTemplates
	}
	all := slices.DeleteFunc(slices.Clone(photoTemplates), func(t string) bool { return t == "a cropped photo of a %s." })
	all[slices.Index(all, "a jpeg corrupted photo of a %s.")] = "a jpeg corrupted photo of the %s."
	return all
}

// sentences are all that is said of an object in some states.
func sentences(object string, states, templates []string) []string {
	var all []string
	for _, s := range states {
		for _, t := range templates {
			all = append(all, fmt.Sprintf(t, fmt.Sprintf(s, object)))
		}
	}
	return all
}

// classTexts are the normalised embeddings that stand for a normal and for an anomalous part.
type classTexts struct{ normal, defective []float32 }

// anomalous is for each of several normalised embeddings how much more it looks like the anomalous text, from 0 to 1.
func (t classTexts) anomalous(embeddings []float32, temperature float64) []float64 {
	var all []float64
	for e := range slices.Chunk(embeddings, len(t.normal)) {
		difference := 0.0
		for i, v := range e {
			difference += float64(v) * (float64(t.defective[i]) - float64(t.normal[i]))
		}
		all = append(all, 1/(1+math.Exp(-difference/temperature)))
	}
	return all
}

// askedFor returns the texts, which are embedded when they are asked for first.
func (w *WinCLIP) askedFor(ctx context.Context) (*classTexts, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.texts != nil {
		return w.texts, nil
	}
	templates := templatesOf(w.options.Reading)
	mean := func(states []string) ([]float32, error) {
		all, err := w.clip.embedTexts(ctx, sentences(w.object, states, templates))
		if err != nil {
			return nil, err
		}
		return meanText(all, w.clip.Model.Config.ProjectionDim, w.options.Reading != Anomalib), nil
	}
	normal, err := mean(normalStates)
	if err != nil {
		return nil, err
	}
	defective, err := mean(anomalousStates)
	if err != nil {
		return nil, err
	}
	w.texts = &classTexts{normal, defective}
	return w.texts, nil
}

// meanText is the normalised mean of embeddings, which are normalised before or not.
func meanText(embeddings []float32, width int, normalise bool) []float32 {
	if normalise {
		embeddings = unit(embeddings, width)
	}
	mean := make([]float64, width)
	for e := range slices.Chunk(embeddings, width) {
		for i, v := range e {
			mean[i] += float64(v)
		}
	}
	out := make([]float32, width)
	for i, v := range mean {
		out[i] = float32(v * float64(width) / float64(len(embeddings)))
	}
	return unit(out, width)
}

// unit is vectors of a width, each divided by its norm; one of nothing but 0 stays so.
func unit(v []float32, width int) []float32 {
	out := make([]float32, len(v))
	for at := 0; at < len(v); at += width {
		sum := 0.0
		for _, f := range v[at:][:width] {
			sum += float64(f) * float64(f)
		}
		for i, f := range v[at:][:width] {
			if sum > 0 {
				out[at+i] = float32(float64(f) / math.Sqrt(sum))
			}
		}
	}
	return out
}

// maxObject bounds what a prompt says of its object.
const maxObject = 200

// spoken is an object's name as it is said: "metal_nut" is a metal nut.
func spoken(object string) (string, error) {
	object = strings.Join(strings.Fields(strings.ReplaceAll(object, "_", " ")), " ")
	if object == "" || len(object) > maxObject {
		return "", wrong("the object is %.40q, want its name in words, such as \"metal nut\", of at most %d bytes", object, maxObject)
	}
	return object, nil
}

// textBatch is how many sentences are embedded at a time: with more, what is in memory leaves the caches.
const textBatch = 22

// embedTexts returns what CLIP makes of sentences, [len(texts), projection_dim], not normalised. Tokens behind the end of
// the longest one of a batch are left out: none that count see them.
func (c CLIP) embedTexts(ctx context.Context, texts []string) ([]float32, error) {
	exec := nn.NewExec(func(b *nn.Build) []*G.Node {
		return []*G.Node{c.Model.TextEmbeds(b, b.Given("ids"), b.Given("pooled"))}
	})
	var all []float32
	for batch := range slices.Chunk(texts, textBatch) {
		ids, pooled, err := c.tokens(batch)
		if err != nil {
			return nil, err
		}
		out, err := exec.Run(ctx, map[string]*gt.Dense{"ids": ids, "pooled": pooled})
		if err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		if at := tensor.NonFinite(out[0]); at >= 0 {
			return nil, fmt.Errorf("detect: what %s makes of a text is %v somewhere%.0w", c.Name, tensor.Float32s(out[0])[at], ErrNotFinite)
		}
		all = append(all, tensor.Float32s(out[0])...)
	}
	return all, nil
}

// tokens returns the ids of texts, [n, T] with T up to the last one that stands for a text, and which does for each, [n].
func (c CLIP) tokens(texts []string) (ids, pooled *gt.Dense, err error) {
	rows, ends, longest := make([][]int32, len(texts)), make([]float32, len(texts)), 0
	for i, text := range texts {
		if cut := c.Tokenizer.Truncated(text); len(cut) > 0 {
			return nil, nil, wrong("the sentence %.80q is too long: CLIP reads %d tokens", text, c.Tokenizer.Length())
		}
		rows[i] = c.Tokenizer.Encode(text)
		end := c.Model.Config.Text.PooledPosition(rows[i])
		ends[i], longest = float32(end), max(longest, end+1)
	}
	var all []float32
	for _, row := range rows {
		for _, id := range row[:longest] {
			all = append(all, float32(id))
		}
	}
	return tensor.FromFloat32s(all, len(texts), longest), tensor.FromFloat32s(ends, len(texts)), nil
}
