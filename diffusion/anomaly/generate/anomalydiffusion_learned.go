package generate

import (
	"context"
	"image"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	gt "gorgonia.org/tensor"
)

// Encoder says how learned words know where the defect is.
type Encoder string

const (
	// LinearEncoder makes some of the vectors of the mask: e_s = W·φ(m) + b, where φ is the mask's mean in 8×8 fields.
	LinearEncoder Encoder = "linear"
	// NoEncoder makes none.
	NoEncoder Encoder = "none"
)

// LearnOptions say what is to be learned of a defect. The zero LearnOptions are refused: DefaultLearn has numbers.
type LearnOptions struct {
	Word     string `json:"word"`     // what stands for the defect in prompts, such as "<crack>"
	Initial  string `json:"init"`     // what its vectors begin as: the defect's own word, such as "crack"; as released, "anomaly"
	Template string `json:"template"` // the prompt that pictures are made with, {} in the place of the word: "a photo of a hazelnut with a {}"

	Words        int     `json:"words"`         // vectors e_a, which are the defect's, 1 to 32
	EncoderWords int     `json:"encoder_words"` // vectors e_s, which say where it is, 1 to 32
	Encoder      Encoder `json:"encoder"`       // what makes those
}

// DefaultLearn returns options that lack words. Its numbers are the authors'. Their encoder is a network of 30 layers, which
// all defects of a data set train together; here place is held by the photograph around the mask.
func DefaultLearn() LearnOptions {
	return LearnOptions{Words: 4, EncoderWords: 4, Encoder: LinearEncoder}
}

// mostWords is how many vectors a part of the word has: two parts fit into a text of 77 tokens.
const mostWords = 32

func (o LearnOptions) check() error {
	switch {
	case o.Word == "":
		return wrong("the word is empty, want what stands for the defect in prompts, such as %q", "<crack>")
	case o.Initial == "":
		return wrong("the init is empty, want a word that comes close to the defect, such as %q", "crack")
	case o.Encoder != LinearEncoder && o.Encoder != NoEncoder:
		return wrong("the encoder is %.20q, want %s or %s", string(o.Encoder), LinearEncoder, NoEncoder)
	}
	return firstOf(
		checkTemplate(o.Template),
		within("words", float64(o.Words), 1, mostWords),
		within("encoder_words", float64(o.EncoderWords), 1, mostWords),
	)
}

// blank is what a template has in the place of the word.
const blank = "{}"

func checkTemplate(template string) error {
	if strings.Count(template, blank) != 1 {
		return wrong("the template is %.60q, want a prompt that has {} once, in the place of the word, such as %q", template, "a photo of a hazelnut with a {}")
	}
	return nil
}

// Learned is what AnomalyDiffusion has learned of a defect: vectors of its own, e_a, and a spatial encoder, which makes
// further ones of where the defect is, e_s (Hu et al., AAAI 2024, section 3.2). Together they stand for a word in prompts,
// e_a first. diffusion.NewInversionOf trains it; the zero Learned has learned nothing and is refused.
type Learned struct {
	Word, Initial, Template string // as in LearnOptions

	Model  string         // hashes of the model's weights, which ModelHash returns; empty if they are not known
	Steps  int            // of training so far
	Masks  []*image.Gray  // of the examples, the lighter the more of a place is the defect; of any size, 64×64 in a file
	Noted  map[string]any // what else is to be known of the training, such as its options
	SHA256 string         // of the file that it was read from

	MaskWord *diffusion.Embedding // a word for the defect's masks, learned from MaskExamples; may be nil

	words        *gt.Dense // e_a, [n_a, d]
	weight, bias *gt.Dense // W, [n_s·d, 64], and b, [n_s, d]; nil without an encoder
}

var _ diffusion.Words = (*Learned)(nil)

// fields are the sides of φ.
const fields = 8

// NewLearned returns what there is before the first step of training: each vector of e_a, and of b, is that of the initial
// word's first token, and W is 0, so that places say nothing yet.
func NewLearned(ctx context.Context, p *diffusion.Pipeline, o LearnOptions) (*Learned, error) {
	if ctx == nil {
		return nil, wrong("there is no context")
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, wrong("there is no pipeline: diffusion.Open opens one")
	}
	initial, err := p.WordVectors(ctx, o.Initial)
	if err != nil {
		return nil, err
	}
	d := initial.Shape()[1]
	first := tensor.Float32s(initial)[:d]
	l := &Learned{Word: o.Word, Initial: o.Initial, Template: o.Template}
	l.words = tensor.FromFloat32s(slices.Repeat(first, o.Words), o.Words, d)
	if o.Encoder == LinearEncoder {
		n := o.EncoderWords
		l.weight = tensor.FromFloat32s(make([]float32, n*d*fields*fields), n*d, fields*fields)
		l.bias = tensor.FromFloat32s(slices.Repeat(first, n), n, d)
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	l.Model, err = ModelHash(ctx, p)
	return l, err
}

// LearnedOf returns a word that was learned by plain textual inversion, without an encoder or masks.
func LearnedOf(e *diffusion.Embedding) (*Learned, error) {
	if e == nil || e.Vectors == nil {
		return nil, wrong("there is no embedding: diffusion.ReadEmbedding reads one")
	}
	l := &Learned{Word: e.Word, Initial: e.Initial, SHA256: e.SHA256, words: e.Vectors}
	return l, l.check()
}

// check is an error if vectors are missing or do not belong together.
func (l *Learned) check() error {
	if l == nil || l.words == nil {
		return wrong("there is nothing learned: NewLearned begins it, and ReadLearned reads it")
	}
	if l.Word == "" {
		return wrong("what was learned has no word that stands for it")
	}
	if err := checkNumbers("e_a", l.words, -1, -1); err != nil {
		return err
	}
	if m := l.MaskWord; m != nil {
		if m.Word == "" || m.Vectors == nil {
			return wrong("the word for masks has no name, or no vectors")
		}
		if err := checkNumbers("mask_words", m.Vectors, -1, l.words.Shape()[1]); err != nil {
			return err
		}
	}
	if (l.weight == nil) != (l.bias == nil) {
		return wrong("what was learned has one of W and b, which go together")
	}
	if l.weight == nil {
		return nil
	}
	d := l.words.Shape()[1]
	if err := checkNumbers("b", l.bias, -1, d); err != nil {
		return err
	}
	return checkNumbers("W", l.weight, l.bias.Shape()[0]*d, fields*fields)
}

// checkNumbers is an error if a tensor is not [rows, columns]; -1 is any number.
func checkNumbers(name string, v *gt.Dense, rows, columns int) error {
	if v.Dims() != 2 || v.Dtype() != gt.Float32 || v.Shape().TotalSize() == 0 {
		return wrong("%s has the shape %v, of %v, want a matrix of float32", name, v.Shape(), v.Dtype())
	}
	if s := v.Shape(); rows >= 0 && s[0] != rows || columns >= 0 && s[1] != columns {
		return wrong("%s has the shape %v, which does not go with the others'", name, s)
	}
	if err := nn.Finite(v); err != nil {
		return wrong("%s is %w", name, err)
	}
	return nil
}

// Parameters returns e_a and, with an encoder, W and b, for training. Their numbers are the ones that Vectors computes with.
func (l *Learned) Parameters() []diffusion.Parameter {
	if l.check() != nil {
		return nil
	}
	all := []diffusion.Parameter{parameter("e_a", l.words)}
	if l.weight != nil {
		all = append(all, parameter("W", l.weight), parameter("b", l.bias))
	}
	return all
}

func parameter(name string, v *gt.Dense) diffusion.Parameter {
	return diffusion.Parameter{Name: name, Shape: slices.Clone(v.Shape()), Values: tensor.Float32s(v)}
}

// Vectors returns the word's vectors for a defect where the mask [h, w], 0 to 1, has it: n·d numbers. Of no mask e_s is b.
func (l *Learned) Vectors(mask []float32, h, w int) []float32 {
	if l.check() != nil {
		return nil
	}
	out := slices.Clone(tensor.Float32s(l.words))
	if l.weight == nil {
		return out
	}
	phi, weight := pooled(mask, h, w), tensor.Float32s(l.weight)
	for i, v := range tensor.Float32s(l.bias) {
		sum := float64(v)
		for k, share := range phi {
			sum += float64(weight[i*len(phi)+k]) * share
		}
		out = append(out, float32(sum))
	}
	return out
}

// Backward adds the gradients of Parameters to into, of the gradient of Vectors: of W it is that of e_s times φ. Where
// lengths are others than theirs, it does nothing.
func (l *Learned) Backward(mask []float32, h, w int, gradient []float32, into [][]float32) {
	if l.check() != nil || !l.fits(gradient, into) {
		return
	}
	n := l.words.Shape().TotalSize()
	for i, g := range gradient[:n] {
		into[0][i] += g
	}
	if l.weight == nil {
		return
	}
	phi := pooled(mask, h, w)
	for i, g := range gradient[n:] {
		for k, share := range phi {
			into[1][i*len(phi)+k] += g * float32(share)
		}
		into[2][i] += g
	}
}

// fits reports whether there is a number for each of Vectors, and of each of Parameters.
func (l *Learned) fits(gradient []float32, into [][]float32) bool {
	all, n := l.Parameters(), len(tensor.Float32s(l.words))
	if l.bias != nil {
		n += len(tensor.Float32s(l.bias))
	}
	if len(gradient) != n || len(into) != len(all) {
		return false
	}
	for i, p := range all {
		if len(into[i]) != len(p.Values) {
			return false
		}
	}
	return true
}

// pooled is φ: the means of a mask [h, w] in 8×8 fields, whose borders may run through pixels; 0 of no mask.
func pooled(mask []float32, h, w int) []float64 {
	out := make([]float64, fields*fields)
	if h < 1 || w < 1 || len(mask) != h*w {
		return out
	}
	down, along := shares(h), shares(w)
	for y, heights := range down {
		var row [fields]float64
		for x, v := range mask[y*w : (y+1)*w] {
			for f, width := range along[x] {
				row[f] += float64(v) * width
			}
		}
		for i := range out {
			out[i] += heights[i/fields] * row[i%fields]
		}
	}
	return out
}

// shares are what each of n pixels makes up of each field along a side.
func shares(n int) [][fields]float64 {
	out := make([][fields]float64, n)
	for i := range out {
		lo, hi := float64(i*fields)/float64(n), float64((i+1)*fields)/float64(n)
		for f := range out[i] {
			out[i][f] = max(0, min(hi, float64(f+1))-max(lo, float64(f)))
		}
	}
	return out
}

// embedding is the word for a defect where the mask is.
func (l *Learned) embedding(mask []float32, h, w int) *diffusion.Embedding {
	v, d := l.Vectors(mask, h, w), l.words.Shape()[1]
	return &diffusion.Embedding{Word: l.Word, Initial: l.Initial, Vectors: tensor.FromFloat32s(v, len(v)/d, d)}
}

// Embedding returns the word without a place, as textual inversion's files have it.
func (l *Learned) Embedding() *diffusion.Embedding {
	if l.check() != nil {
		return nil
	}
	return l.embedding(nil, 0, 0)
}
