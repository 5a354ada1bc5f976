package detect

import (
	"slices"
	"testing"

	"github.com/sdgraph/sdgraph/tensor"
)

type promptADGolden struct {
	Rate       float64 `json:"lr"`
	Epochs     int     `json:"T_max"`
	Resolution int
	Scale      float64 `json:"logit_scale_as_it_is"`
	Losses     []struct {
		CrossEntropy float64 `json:"cross_entropy"`
		Triplet      float64
		Match        float64
	}
}

// goldenWords are the tokens of the goldens' prompts: a name of two, and three states of one more.
func goldenWords() promptWords {
	w := promptWords{start: 198, name: []int32{50, 51, 7, 199}}
	for i := range int32(3) {
		w.states = append(w.states, append([]int32{60 + i}, w.name...))
	}
	return w
}

// pictures are what a tensor [n, 3, h, w] has, as the sight takes them.
func (g golden) pictures(name string) [][]float32 {
	var all [][]float32
	f := g.layers(name)[0]
	for i := range f.n {
		all = append(all, f.entry(i).values)
	}
	return all
}

// TestPromptAD follows the released code, in float32, from pictures over three epochs of both trainings to scores and maps.
func TestPromptAD(t *testing.T) {
	t.Run("image", func(t *testing.T) { followPromptAD(t, "promptad_image", promptADImage) })
	t.Run("pixel", func(t *testing.T) { followPromptAD(t, "promptad_pixel", promptADPixels) })
}

func followPromptAD(t *testing.T, name string, task promptADTask) {
	var want promptADGolden
	g := readGolden(t, name, &want)
	c := narrowCLIP(t)
	sight, err := newPromptADSight(c)
	if err != nil {
		t.Fatal(err)
	}
	l := &learnt{}
	for _, picture := range g.pictures("references") {
		all, err := sight.vectors(t.Context(), sight.exec, picture)
		if err != nil {
			t.Fatal(err)
		}
		l.reference(newSights(all), "")
	}
	fit := l.fitted(c)
	s := l.subject(task, c)
	p := newPrompting(c.Model, goldenWords(), task.normal, task.abnormal)
	program, err := p.newTraining(s)
	if err != nil {
		t.Fatal(err)
	}
	var begin contexts
	for i, name := range []string{"normal_context", "abnormal_context"} {
		v, shape := g.get(name)
		begin[i] = tensor.FromFloat32s(slices.Clone(v), shape...)
	}
	features, err := program.train(t.Context(), begin, schedule{want.Rate, want.Epochs}, len(want.Losses), func(epoch int, l lesson) {
		w := want.Losses[epoch]
		for _, c := range []struct {
			name      string
			got, want float64
		}{{"cross-entropy", float64(l.crossEntropy), w.CrossEntropy}, {"triplet", float64(l.triplet), w.Triplet}, {"match", float64(l.match), w.Match}} {
			if d := c.got - c.want; !(d < 1e-5 && d > -1e-5) {
				t.Errorf("epoch %d: %s %g, want %g", epoch, c.name, c.got, c.want)
			}
		}
		if epoch == 0 {
			g.near("grad.normal_context", l.gradients[0], 1e-4)
			g.near("grad.abnormal_context", l.gradients[1], 1e-4)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	g.near("normal_context.after", tensor.Float32s(begin[0]), 1e-4)
	g.near("abnormal_context.after", tensor.Float32s(begin[1]), 1e-4)
	normal, abnormal := p.directions(features)
	g.near("text_features", slices.Concat(normal, abnormal), 1e-5)
	fit.image = classTexts{normal, abnormal}
	fit.pixels = fit.image
	g.judgedByPromptAD(fit, task, want)
	if !task.pixels {
		g.seenByPromptAD(sight)
	}
}

// seenByPromptAD compares what a picture looks like.
func (g golden) seenByPromptAD(sight *promptADSight) {
	all, err := sight.vectors(g.t.Context(), sight.exec, g.pictures("pixels")[0])
	if err != nil {
		g.t.Fatal(err)
	}
	s := newSights(all)
	for name, got := range map[string][]float32{"image_embeds": s.whole, "local_tokens": s.tokens, "mid_1": s.mid[0], "mid_2": s.mid[1]} {
		g.near(name, got, 1e-5)
	}
}

// judgedByPromptAD compares what is said of a picture that looks like this.
func (g golden) judgedByPromptAD(fit *fittedPromptAD, task promptADTask, want promptADGolden) {
	get := func(name string) []float32 { v, _ := g.get(name); return v }
	s := sights{get("image_embeds"), get("local_tokens"), [2][]float32{get("mid_1"), get("mid_2")}}
	visual := fit.visual(s)
	g.near("visual_map", visual, 1e-5)
	if !task.pixels {
		score, err := fit.score(s, visual, want.Resolution)
		if err != nil {
			g.t.Fatal(err)
		}
		g.near("text_score", fit.image.shares(s.whole, fit.tau), 1e-5)
		g.near("score", []float32{float32(score)}, 1e-5)
		return
	}
	m, err := enlarge{sigma: defaultSigma}.square(fit.numbers(s, visual), fit.grid, fit.grid, want.Resolution, want.Resolution)
	if err != nil {
		g.t.Fatal(err)
	}
	g.near("text_map", fit.pixels.shares(s.tokens, fit.tau), 1e-5)
	g.near("map", m, 1e-5)
}
