package diffusion

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// line is a template as the text encoder reads it.
type line struct {
	vectors []float32 // of all its tokens; in the word's place something else is to stand
	at, end int       // of the word's numbers among them
}

// of are the word's numbers among those of all tokens.
func (l line) of(all []float32) []float32 { return slices.Clone(all[l.at:l.end]) }

// with is the line with the word's vectors in their place.
func (l line) with(word []float32) []float32 {
	all := slices.Clone(l.vectors)
	copy(all[l.at:l.end], word)
	return all
}

// readTemplates finds out what the templates' tokens are, and where the word stands.
func (v *Inversion) readTemplates(ctx context.Context) error {
	const place = "{}"
	d := v.p.Text.Config.HiddenSize
	n := len(v.words.Vectors(make([]float32, v.lessons.h*v.lessons.w), v.lessons.h, v.lessons.w))
	if n == 0 || n%d != 0 {
		return badArgument("the words' vectors are %d numbers, want a multiple of the text encoder's width, %d", n, d)
	}
	word := &Embedding{Word: v.options.Word, Vectors: tensor.FromFloat32s(make([]float32, n), n/d, d)}
	tokenizer, all, err := v.p.with([]*Embedding{word})
	if err != nil {
		return err
	}
	for _, template := range v.options.Templates {
		if strings.Count(template, place) != 1 {
			return badArgument("the template %q has %s %d times, want it once, where the word stands", template, place, strings.Count(template, place))
		}
		text := strings.Replace(template, place, v.options.Word, 1)
		where, err := tokenizer.FindWord(text, v.options.Word)
		if err != nil {
			return badArgument("the template %q: %w", template, err)
		}
		vectors, err := v.p.tokenVectors(ctx, tokenizer.Encode(text), all)
		if err != nil {
			return err
		}
		v.lines = append(v.lines, line{tensor.Float32s(vectors), where[0] * d, where[0]*d + n})
	}
	return nil
}

// The graph's inputs beside the UNet's own.
const (
	vectorsInput = "vectors" // of the text's tokens, [1, T, d]
	targetInput  = "target"  // what the model should predict, times -1, [1, C, h, w]
	weightInput  = "weight"  // of each number in the sum of squares, [1, C, h, w]
)

// compile builds the loss, Σ weight·(prediction - target)², and its gradient with respect to the vectors of all tokens.
func (v *Inversion) compile() (err error) {
	p, l := v.p, v.lessons
	exec := p.graph("textual inversion", func(b *nn.Build) []*G.Node {
		vectors := b.Given(vectorsInput)
		text := p.Text.Encode(b, vectors)
		output := p.UNet.Forward(b, b.Given(string(LatentInput)), b.Given(string(timestepInput)), text)
		difference := nn.Add(output, b.Given(targetInput))
		loss := nn.Dot(nn.Mul(difference, b.Given(weightInput)), difference)
		return []*G.Node{loss, b.Grad(loss, vectors)[0]}
	}, nn.WithMemory(v.options.Memory))
	latent := gt.Shape{1, p.UNet.Config.InChannels, l.h, l.w}
	v.program, err = exec.Program(map[string]gt.Shape{
		string(LatentInput): latent, targetInput: latent, weightInput: latent, string(timestepInput): {1},
		vectorsInput: {1, p.Tokenizer.Length(), p.Text.Config.HiddenSize},
	})
	return err
}

// inputs are those of the graph for an example: √ᾱ·latent + √(1-ᾱ)·noise, and what the model was trained to say of it, the
// noise or, of v_prediction, √ᾱ·noise - √(1-ᾱ)·latent (Salimans and Ho 2022).
func (v *Inversion) inputs(l lesson, line line, t int, noise []float32) map[string]*gt.Dense {
	a := v.alphas[t]
	alpha, sigma := float32(math.Sqrt(a)), float32(math.Sqrt(1-a))
	noisy, target := make([]float32, len(noise)), make([]float32, len(noise))
	for i, n := range noise {
		noisy[i] = alpha*l.latent[i] + sigma*n
		if target[i] = -n; v.p.Scheduler.PredictionType == "v_prediction" {
			target[i] = sigma*l.latent[i] - alpha*n
		}
	}
	shape := []int{1, v.p.UNet.Config.InChannels, v.lessons.h, v.lessons.w}
	return map[string]*gt.Dense{
		string(LatentInput): tensor.FromFloat32s(noisy, shape...), string(timestepInput): scalarBatch(float64(t)),
		targetInput: tensor.FromFloat32s(target, shape...), weightInput: tensor.FromFloat32s(l.weight, shape...),
		vectorsInput: tensor.FromFloat32s(line.with(v.words.Vectors(l.mask, v.lessons.h, v.lessons.w)), 1, len(line.vectors)/v.p.Text.Config.HiddenSize, v.p.Text.Config.HiddenSize),
	}
}
