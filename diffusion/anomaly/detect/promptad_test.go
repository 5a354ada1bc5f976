package detect

import (
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/nn/nntest"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// TestPromptADWords: MVTec AD's 15 categories and VisA's 12 have states of their own, and other parts the general ones.
func TestPromptADWords(t *testing.T) {
	if len(promptADOwn) != 15+12 {
		t.Errorf("%d categories, want 27", len(promptADOwn))
	}
	for object := range promptADOwn {
		name, states := promptADWords(object)
		if own := len(states) - 8; own < 2 || own > 7 || strings.Contains(name, "_") {
			t.Errorf("%s is called %q and has %d states of its own", object, name, own)
		}
	}
	for object, want := range map[string]string{"metal_nut": "metal nut", "Metal nut": "Metal nut", "pcb3": "printed circuit board", "macaroni2": "macaroni", " gear_ wheel ": "gear wheel"} {
		if name, _ := promptADWords(object); name != want {
			t.Errorf("%q is called %q, want %q", object, name, want)
		}
	}
	if _, states := promptADWords("gear wheel"); !slices.Equal(states, promptADStates) {
		t.Errorf("states %q", states)
	}
}

// TestPrompts: where the vectors are those of words, prompts are what CLIP makes of these words, in texts of 77 tokens: they
// are put together in the right order, and what is not computed behind their ends says nothing.
func TestPrompts(t *testing.T) {
	c := narrowCLIP(t)
	p := newPrompting(c.Model, goldenWords(), 3, 4)
	var rows [][]int32
	row := func(vectors, words []int32) {
		ids := slices.Concat([]int32{198}, vectors, words)
		rows = append(rows, append(ids, make([]int32, 77-len(ids))...))
	}
	n := func(i int) []int32 { return slices.Repeat([]int32{int32(20 + i%3)}, 4) }
	for i := range 3 {
		row(n(i), []int32{50, 51, 7, 199})
	}
	for i := range 9 {
		row(n(i), []int32{int32(60 + i/3), 50, 51, 7, 199})
	}
	for i := range 12 {
		row(append(n(i), int32(30+i%4)), []int32{50, 51, 7, 199})
	}
	var ids, ends, normal []float32
	for _, r := range rows {
		ends = append(ends, float32(slices.Index(r, 199)))
		for _, id := range r {
			ids = append(ids, float32(id))
		}
	}
	for i := range 3 {
		for _, id := range n(i) {
			normal = append(normal, float32(id))
		}
	}
	out := nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
		text := c.Model.TextModel
		return []*G.Node{p.features(b, text.Embed(b, in[2]), text.Embed(b, in[3])), c.Model.TextEmbeds(b, in[0], in[1])}
	}, []*gt.Dense{
		tensor.FromFloat32s(ids, len(rows), 77), tensor.FromFloat32s(ends, len(rows)),
		tensor.FromFloat32s(normal, 3, 4), tensor.FromFloat32s([]float32{30, 31, 32, 33}, 4, 1),
	})
	if p.length != 10 || p.count() != len(rows) {
		t.Errorf("%d prompts of %d tokens, want %d of 10", p.count(), p.length, len(rows))
	}
	for i, v := range out[0] {
		if math.Abs(float64(v-out[1][i])) > 1e-5 {
			t.Fatalf("number %d of prompt %d is %g, and of its words %g", i%24, i/24, v, out[1][i])
		}
	}
}

// lesson3 is a subject of drawn vectors: two pictures of three, and as many defective ones.
func lesson3(pixels bool) *subject {
	random := func(seed uint64, n int) []float32 { return unit(tensor.Float32s(nntest.Normal(seed, n*8)), 8) }
	if !pixels {
		return &subject{tau: 4.6, normal: random(1, 2), pictures: 2, each: 1, width: 8, defective: random(2, 3)}
	}
	return &subject{pixels: true, tau: 4.6, normal: random(1, 6), pictures: 2, each: 3, width: 8, defective: random(2, 6), cells: []float32{1, 0, 0, 0, 1, 1}}
}

// TestLossGradients differentiates the losses by the prompts' embeddings.
func TestLossGradients(t *testing.T) {
	p := &prompting{normal: 2, abnormal: 2, written: 4, learned: 4}
	for _, pixels := range []bool{false, true} {
		s := lesson3(pixels)
		for _, defective := range [][]float32{nil, s.defective} {
			s.defective = defective
			nntest.CheckGrad(t, func(b *nn.Build, in G.Nodes) *G.Node {
				return s.losses(b, p.textsOf(in[0])).total
			}, []*gt.Dense{nntest.Normal(3, p.count(), 8)})
		}
	}
}

// TestGeneratedLoss compares what is this project's own with its formulas, in float64.
func TestGeneratedLoss(t *testing.T) {
	texts := unit(tensor.Float32s(nntest.Normal(4, 16)), 8)
	for _, pixels := range []bool{false, true} {
		s := lesson3(pixels)
		got := nntest.Run(t, func(b *nn.Build, in G.Nodes) []*G.Node {
			row := func(i int) *G.Node { return nn.Entries(in[0], i) }
			return []*G.Node{s.generated(b, textsOfRows(row(0), row(1)))}
		}, []*gt.Dense{tensor.FromFloat32s(texts, 2, 8)})[0][0]
		p := classTexts{texts[:8], texts[8:]}.shares(s.defective, float64(s.tau))
		want := 0.0
		for i, share := range p {
			if share := float64(share); !pixels {
				want -= math.Log(share) / float64(len(p))
			} else {
				right := share
				if s.cells[i] == 0 {
					right = 1 - share
				}
				want -= (1 - right) * (1 - right) * math.Log(right) / float64(len(p))
			}
		}
		for at := 0; pixels && at < len(p); at += 3 {
			both, either := 0.0, 0.0
			for i := at; i < at+3; i++ {
				both += float64(p[i] * s.cells[i])
				either += float64(p[i] + s.cells[i])
			}
			want += (1 - (2*both+1)/(either+1)) / 2
		}
		if math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("pixels %v: %g, want %g", pixels, got, want)
		}
	}
}

func textsOfRows(normal, abnormal *G.Node) texts { return texts{normal: normal, abnormal: abnormal} }

// TestSchedule: torch's CosineAnnealingLR and SGD, by hand.
func TestSchedule(t *testing.T) {
	r := schedule{0.002, 100}
	if a, b, c := r.at(0), r.at(50), r.at(100); a != 0.002 || math.Abs(b-0.001005) > 1e-12 || math.Abs(c-1e-5) > 1e-12 {
		t.Errorf("rates %g, %g, %g", a, b, c)
	}
	at := []float32{1}
	speed := descend(at, []float32{2}, nil, 0.1)
	speed = descend(at, []float32{-1}, speed, 0.1)
	first := 1 - 0.1*(2+5e-4)
	if want := first - 0.1*(0.9*(2+5e-4)-1+5e-4*first); math.Abs(float64(at[0])-want) > 1e-6 {
		t.Errorf("%g after two steps (%v), want %g", at[0], speed, want)
	}
}

// TestPromptADSees: pictures come by way of 1024 pixels, and the released code judges red as blue.
func TestPromptADSees(t *testing.T) {
	sight, err := newPromptADSight(narrowCLIP(t))
	if err != nil {
		t.Fatal(err)
	}
	look := func(picture *image.RGBA, swapped bool) []float32 {
		s, err := sight.look(t.Context(), picture, swapped)
		if err != nil {
			t.Fatal(err)
		}
		return s.whole
	}
	picture := spotted(90, 70, 1, image.Rect(20, 20, 50, 40)).Picture
	large, err := images.Resize(picture, image.Pt(1024, 1024), images.OpenCVBilinear)
	if err != nil {
		t.Fatal(err)
	}
	levels, err := sight.see(large)
	if err != nil {
		t.Fatal(err)
	}
	all, err := sight.vectors(t.Context(), sight.exec, levels)
	if err != nil {
		t.Fatal(err)
	}
	want := newSights(all)
	other := image.NewRGBA(picture.Rect)
	for i := range other.Pix {
		other.Pix[i] = picture.Pix[i&^3|[]int{2, 1, 0, 3}[i&3]]
	}
	if !slices.Equal(look(picture, false), want.whole) {
		t.Error("the picture is seen in another way")
	}
	if swapped := look(picture, true); !slices.Equal(swapped, look(other, false)) || slices.Equal(swapped, want.whole) {
		t.Error("red and blue are not swapped")
	}
}

// TestDefectiveCells: a patch is defective from a half on.
func TestDefectiveCells(t *testing.T) {
	mask := image.NewGray(image.Rect(0, 0, 40, 20))
	fill := func(r image.Rectangle) {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				mask.Pix[y*mask.Stride+x] = 1
			}
		}
	}
	fill(image.Rect(0, 0, 9, 10))
	if _, any, err := defectiveCells(mask, 2); any || err != nil {
		t.Errorf("less than a half is defective (%v)", err)
	}
	fill(image.Rect(0, 0, 10, 10))
	cells, any, err := defectiveCells(mask, 2)
	if !any || err != nil || !slices.Equal(cells, []float32{1, 0, 0, 0}) {
		t.Errorf("cells %v (%v)", cells, err)
	}
}

// TestGeneratedTeaches: prompts that were also trained on defective pictures, on the same references and from the same
// vectors on, tell others of their kind from normal ones by more: scores for each seed, patches in the mean of the seeds,
// where most of what they say is known without; and training lowers the loss.
func TestGeneratedTeaches(t *testing.T) {
	const seeds, epochs, held = 6, 15, 4
	c := narrowCLIP(t)
	p, err := NewPromptAD(c, "part", PromptADOptions{Generated: true, Epochs: epochs})
	if err != nil {
		t.Fatal(err)
	}
	train := normals(64, 64, 2)
	for k := range 6 {
		train = append(train, spotted(64, 64, uint64(50+k), image.Rect(5+7*k, 8+5*k, 22+7*k, 26+5*k)))
	}
	with, err := p.learn(t.Context(), samples(train...))
	if err != nil {
		t.Fatal(err)
	}
	without := *with
	without.whole, without.tokens, without.cells = nil, nil, nil
	var good, bad []sights
	var masks [][]float32
	for k := range held {
		s := spotted(64, 64, uint64(80+k), image.Rect(40-6*k, 9+9*k, 58-6*k, 27+9*k))
		cells, _, err := defectiveCells(s.Mask, c.grid())
		if err != nil {
			t.Fatal(err)
		}
		masks = append(masks, cells)
		for _, of := range []struct {
			to      *[]sights
			picture *image.RGBA
		}{{&bad, s.Picture}, {&good, part(64, 64, uint64(90+k))}} {
			seen, err := p.sight.look(t.Context(), of.picture, false)
			if err != nil {
				t.Fatal(err)
			}
			*of.to = append(*of.to, seen)
		}
	}
	var maps [2]float64 // how much more abnormal the texts find patches with a defect, without and with generated pictures
	for seed := range uint64(seeds) {
		p.options.Seed = seed
		var scores [2]float64 // how much larger they are where there is a defect
		for i, l := range []*learnt{&without, with} {
			fit, err := p.train(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			for k := range held {
				scores[i] += (scoreOf(t, fit, bad[k]) - scoreOf(t, fit, good[k])) / held
				maps[i] += contrast(fit.pixels.shares(bad[k].tokens, fit.tau), masks[k]) / held / seeds
			}
		}
		if t.Logf("seed %d: scores %.3f, with generated pictures %.3f", seed, scores[0], scores[1]); !(scores[1] > 1.2*scores[0]) {
			t.Errorf("seed %d: generated pictures teach nothing of whole pictures", seed)
		}
	}
	if t.Logf("maps %.3f, with generated pictures %.3f", maps[0], maps[1]); !(maps[1] > 1.03*maps[0]) {
		t.Error("generated pictures teach nothing of patches")
	}
	for _, task := range []promptADTask{promptADImage, promptADPixels} {
		prompts := newPrompting(c.Model, p.words, task.normal, task.abnormal)
		training, err := prompts.newTraining(with.subject(task, c))
		if err != nil {
			t.Fatal(err)
		}
		var losses []float32
		_, err = training.train(t.Context(), prompts.newContexts(1, 1), schedule{0.002, epochs}, epochs, func(_ int, l lesson) { losses = append(losses, l.total) })
		if first, last := losses[0], losses[len(losses)-1]; err != nil || !(last < first) {
			t.Errorf("%+v: the loss goes from %g to %g (%v)", task, first, last, err)
		}
	}
}

func scoreOf(t *testing.T, fit *fittedPromptAD, s sights) float64 {
	t.Helper()
	score, err := fit.score(s, fit.visual(s), promptADSide)
	if err != nil {
		t.Fatal(err)
	}
	return score
}

// contrast is the mean where cells are 1, less that where they are 0.
func contrast(numbers, cells []float32) float64 {
	var sum, count [2]float64
	for i, v := range numbers {
		sum[int(cells[i])] += float64(v)
		count[int(cells[i])]++
	}
	return sum[1]/count[1] - sum[0]/count[0]
}

// TestPromptADWhole fits and judges through what is exported: defective samples count with Generated only, the seed decides,
// and all steps are told.
func TestPromptADWhole(t *testing.T) {
	c := narrowCLIP(t)
	spot := spotted(50, 70, 7, image.Rect(10, 10, 35, 40))
	judge := func(o PromptADOptions, train ...anomaly.Sample) anomaly.Detection {
		t.Helper()
		o.Epochs = 2
		var told []int
		o.Progress = func(done, of int) { told = append(told, done, of) }
		p, err := NewPromptAD(c, "metal_nut", o)
		if err == nil {
			err = p.Fit(t.Context(), samples(train...))
		}
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(told, []int{1, 4, 2, 4, 3, 4, 4, 4}) {
			t.Errorf("progress %v", told)
		}
		if got := p.References(); !slices.Equal(got, []string{"a.png"}) {
			t.Errorf("references %q", got)
		}
		d, err := p.Detect(t.Context(), spot.Picture)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Map.Validate(); err != nil || d.Map.Width != 50 || d.Map.Height != 70 {
			t.Errorf("map of %d×%d (%v)", d.Map.Width, d.Map.Height, err)
		}
		return d
	}
	good, both := normals(50, 70, 1), append(normals(50, 70, 1), spot)
	plain := judge(PromptADOptions{}, good...)
	if d := judge(PromptADOptions{}, both...); d.Score != plain.Score || !slices.Equal(d.Map.Values, plain.Map.Values) {
		t.Error("a defective sample counts without Generated")
	}
	for name, d := range map[string]anomaly.Detection{
		"generated": judge(PromptADOptions{Generated: true}, both...), "seed": judge(PromptADOptions{Seed: 1}, good...), "released": judge(PromptADOptions{Released: true}, good...),
	} {
		if d.Score == plain.Score || slices.Equal(d.Map.Values, plain.Map.Values) {
			t.Errorf("%s: nothing changes", name)
		}
	}
}
