package main

import (
	"context"
	"fmt"
	"image"
	"io/fs"
	"os"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate/textures"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// newGenerator is the generator that is asked for, of pictures of a size. A model's is kept by its worker.
func (j *job) newGenerator(ctx context.Context, size image.Point) (anomaly.Generator, error) {
	make, ok := map[string]func(context.Context, *job, image.Point) (anomaly.Generator, error){
		"nsa": newNSA, "draem": newDRAEM, "cutpaste": newCutPaste, "sdas": newSDAS, learns: newAnomalyDiffusion, grafts: newO2MAG,
	}[j.spec.Generator]
	if !ok {
		return nil, fmt.Errorf("--generator is %.40q, which this program does not have", j.spec.Generator)
	}
	g, err := make(ctx, j, size)
	if err != nil {
		return nil, fmt.Errorf("--generator %s: %w", j.spec.Generator, err)
	}
	return g, nil
}

// newNSA is NSA, whose patches come from the part, whatever place they are for.
func newNSA(_ context.Context, j *job, _ image.Point) (anomaly.Generator, error) {
	o, known := generate.NSAFor(j.spec.Part)
	if !known {
		o.Foreground, _ = generate.ForegroundOf(j.spec.Part)
	}
	if j.spec.Foreground != "" {
		o.Foreground, o.Background = generate.Foreground(j.spec.Foreground), nil
	}
	o.Preset = generate.Preset(j.spec.Preset)
	return generate.NewNSA(o)
}

func newCutPaste(_ context.Context, j *job, _ image.Point) (anomaly.Generator, error) {
	o := generate.DefaultCutPaste()
	o.Preset = generate.Preset(j.spec.Preset)
	o.Foreground = j.spec.foreground()
	return generate.NewCutPaste(o)
}

// newDRAEM is DRAEM; a shape that is drawn is its mask. Released, it has defects everywhere unless told otherwise.
func newDRAEM(_ context.Context, j *job, _ image.Point) (anomaly.Generator, error) {
	o := generate.DefaultDRAEM()
	if j.spec.Preset == string(generate.Released) {
		var err error
		if o, err = generate.DRAEMAs(generate.DRAEMOriginal); err != nil {
			return nil, err
		}
	}
	if o.Preset != generate.Released || j.spec.Part != "" || j.spec.Foreground != "" {
		o.Foreground = j.spec.foreground()
	}
	if j.spec.Shape != "" {
		o.Masks.Kind = generate.PlaceMask
	}
	return generate.NewDRAEM(j.textures.read, o)
}

// newSDAS is SDAS; a shape that is drawn is its mask.
func newSDAS(ctx context.Context, j *job, size image.Point) (anomaly.Generator, error) {
	o := generate.DefaultSDAS()
	o.Prompt, _ = j.spec.prompts()
	o.Steps, o.Guidance = j.spec.Steps, float64(j.spec.Guidance)
	o.Foreground = j.spec.foreground()
	if r, err := j.spec.Noise.read(); err == nil {
		o.Strength = [2]float64{r.Lo, r.Hi}
	}
	if j.spec.Shape != "" {
		o.Masks.Kind = generate.PlaceMask
	}
	g, err := j.worker.keep(size, o, func() (any, error) { return generate.NewSDAS(ctx, j.worker.model.Pipeline, size.Y, size.X, o) })
	if err != nil {
		return nil, err
	}
	return g.(*generate.SDAS), nil
}

// newAnomalyDiffusion is AnomalyDiffusion; a shape or a mask that is given is where the defect will be.
func newAnomalyDiffusion(ctx context.Context, j *job, size image.Point) (anomaly.Generator, error) {
	learned, err := j.spec.readLearned()
	if err != nil {
		return nil, err
	}
	o := generate.DefaultAnomalyDiffusion()
	if j.spec.Preset == string(generate.Released) {
		o = generate.ReleasedAnomalyDiffusion()
	}
	o.Template = learned.Template
	if j.spec.Prompt != "" || o.Template == "" {
		o.Template = orDefault(j.spec.Prompt, prompts.Articles(j.spec.Articles).Defective(j.spec.Object, "{}"))
	}
	o.Steps, o.Guidance = j.spec.Steps, float64(j.spec.Guidance)
	o.Foreground = j.spec.foreground()
	switch {
	case j.spec.Shape != "" || j.spec.Mask != "" && j.spec.Mask != autoMask:
		o.Masks.Kind = generate.PlaceMask
	case learned.MaskWord != nil:
		o.Masks.Kind = generate.WordMask
	}
	key := struct {
		generate.AnomalyDiffusionOptions
		learned string
	}{o, learned.SHA256}
	g, err := j.worker.keep(size, key, func() (any, error) {
		return generate.NewAnomalyDiffusion(ctx, j.worker.model.Pipeline, learned, size.Y, size.X, o)
	})
	if err != nil {
		return nil, err
	}
	return g.(*generate.AnomalyDiffusion), nil
}

// readLearned reads what was learned of the defect.
func (s *Spec) readLearned() (*generate.Learned, error) {
	l, err := generate.ReadLearned(s.LearnedFile, "")
	switch {
	case err != nil:
		return nil, fmt.Errorf("--learned: %w", err)
	case l.Template == "" && s.Prompt == "" && s.Object == "":
		return nil, fmt.Errorf("--learned: %s names no prompt: give --object WORD, what the photograph shows, or a --prompt with {} where the word stands", s.LearnedFile)
	}
	return l, nil
}

// foreground is where the part is told to be; where a place is asked for, that goes.
func (s *Spec) foreground() generate.Foreground {
	switch {
	case s.Foreground != "":
		return generate.Foreground(s.Foreground)
	case s.Mask != "" || s.Shape != "":
		return generate.Everywhere
	}
	f, _ := generate.ForegroundOf(s.Part)
	return f
}

// told is what a model of another generator is told: sdas what a part without a defect is, o2mag what its example shows, and
// anomalydiffusion a sentence of the user's alone, since another is in its file.
func (s *Spec) told() string {
	switch s.Generator {
	case learns:
		return s.Prompt
	case grafts:
		return orDefault(s.Prompt, prompts.Articles(s.Articles).Defective(s.Object, orDefault(s.Shows, "defect")))
	}
	return orDefault(s.Prompt, prompts.Articles(s.Articles).Normal(s.Object))
}

// shown is the textures of draem, and the hash of all of them.
type shown struct {
	read *generate.Textures // nil for the photograph's own
	hash string
}

// ownTextures is the value of --textures that stands for the photograph in disorder.
const ownTextures = "own"

// readTextures lists the textures that are asked for, if the generator takes some.
func (s *Spec) readTextures(ctx context.Context) (t shown, err error) {
	if s.Generator != "draem" || s.Textures == ownTextures {
		return t, nil
	}
	from := textures.FS()
	if s.Textures != "" {
		from = os.DirFS(s.Textures)
	}
	if t.read, err = generate.ReadTextures(ctx, from); err != nil {
		return t, fmt.Errorf("--textures: %w", err)
	}
	hashes := map[string]string{}
	for _, name := range t.read.Names() {
		if err := ctx.Err(); err != nil {
			return t, err
		}
		data, err := fs.ReadFile(from, name)
		if err != nil {
			return t, fmt.Errorf("--textures: %w", err)
		}
		hashes[name] = files.SHA256(data)
	}
	t.hash = files.Together(hashes)
	return t, nil
}
