package main

import (
	"context"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/prompts"
	"github.com/sdgraph/sdgraph/examples/demo/world"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// smallDir is the small model's directory, in the place of a model of photographs.
const smallDir = "../../diffusion/demo/model"

// wanting is a painter with a model of the user's, which has told what it is asked for.
type wanting struct {
	painter
	asked *[]string
}

func (w wanting) generator(_ context.Context, o order) (anomaly.Generator, error) {
	*w.asked = append(*w.asked, o.part+" "+o.defect)
	return w.painter, nil
}

// TestCompareOwnModel has methods that need a model make pictures of photographs, of the defects that are tested, one
// reference at a time; what is there stays when another method's model comes.
func TestCompareOwnModel(t *testing.T) {
	var asked []string
	p, w, out := painter{made: new(atomic.Int64)}, wanting{painter{made: new(atomic.Int64)}, &asked}, t.TempDir()
	with := func(m *ownModel) maker {
		if m.CLIP == nil || m.is.Weights == "" || m.Size != 128 {
			t.Errorf("%v, size %d, without CLIP: %v", m.is, m.Size, m.CLIP == nil)
		}
		return w
	}
	all := []method{{name: anomalyAnyName, asked: true, drawn: true, open: p.open, own: with}, {name: "paint", open: p.open}, {name: idealName, drawn: true, open: openIdeal}}
	data := drawn(t, map[string][3]int{"plate": {3, 2, 2}, "bolt": {1, 2, 1}})
	if err := os.Rename(filepath.Join(data, "plate/test/spot/001.png"), filepath.Join(mkdir(t, data, "plate/test/tear"), "000.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(data, "plate/ground_truth/spot/001_mask.png"), filepath.Join(mkdir(t, data, "plate/ground_truth/tear"), "000_mask.png")); err != nil {
		t.Fatal(err)
	}
	args := []string{"--data", data, "--seeds", "0,4", "--pictures", "2", "--out", out}
	if err := compare(t, all, args...); err != nil {
		t.Fatal(err)
	}
	if err := compare(t, all, append(args, "--model", smallDir)...); err != nil {
		t.Fatal(err)
	}
	if n, with := p.made.Load(), w.made.Load(); n != 8 || with != 8 {
		t.Errorf("%d pictures without a model and %d with one, want 8 of each", n, with)
	}
	want := []string{"bolt spot", "bolt spot", "plate spot", "plate tear", "plate spot", "plate tear"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked for %q, want %q", asked, want)
	}
	table := read(t, out, "compare.md")
	for _, text := range []string{"| anomalyany ", "| paint ", "AnomalyAny and SDAS have the model model (weights "} {
		if !strings.Contains(table, text) {
			t.Errorf("the table does not say %q:\n%s", text, table)
		}
	}
}

func mkdir(t *testing.T, parts ...string) string {
	t.Helper()
	dir := filepath.Join(parts...)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestOwnModel makes pictures with the small model, as if it were one of photographs: around the defect every pixel is the
// photograph's, whose size need not be one for models.
func TestOwnModel(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	m := openOwn(t)
	m.Options.Steps, m.Options.Refine = demoSteps, 1
	another := *m
	another.is.Weights = "of another model"
	photograph := hazelnutOf(image.Pt(200, 150))
	o := order{part: "hazelnut", defect: "crack", defects: []string{"crack", "hole"}, reference: comparedPicture{picture: photograph, name: "000.png"}}
	for _, c := range []struct {
		name        string
		make, other maker
		margin      float64 // around the mask
	}{
		{anomalyAnyName, ownAnomalyAny{m}, ownAnomalyAny{&another}, anomaly.DefaultKeep().Margin}, {"sdas", ownSDAS{m}, ownSDAS{&another}, 0},
	} {
		g, err := c.make.generator(t.Context(), o)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		made, err := g.Generate(t.Context(), anomaly.Input{Normal: photograph}, anomaly.NewDraws(1))
		if err != nil && !errors.Is(err, errUnfit) {
			t.Fatalf("%s: %v", c.name, err)
		}
		wantAround(t, c.name, photograph, made.Sample, c.margin)
		line, err1 := optionsOf(c.make, o)
		other, err2 := optionsOf(c.other, o)
		if err1 != nil || err2 != nil || line == other || !strings.Contains(line, m.is.Weights) || !strings.Contains(line, m.is.Configuration) || !strings.Contains(line, "photo of a hazelnut") {
			t.Errorf("%s: options %s, and of another model %s: %v, %v", c.name, line, other, err1, err2)
		}
	}
}

// wantAround wants something to have changed, and nothing beyond a margin around the mask.
func wantAround(t *testing.T, name string, photograph *image.RGBA, made anomaly.Sample, margin float64) {
	t.Helper()
	if made.Picture == nil || made.Picture.Rect != photograph.Rect {
		t.Fatalf("%s: the picture is not of the photograph's size", name)
	}
	size := photograph.Rect.Size()
	mask, err := maskNumbers(made.Mask, size)
	if err == nil {
		mask, err = images.Grown(mask, size.Y, size.X, margin)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	changed := 0
	for i, within := range mask {
		x, y := i%size.X, i/size.X
		if made.Picture.RGBAAt(x, y) == photograph.RGBAAt(x, y) {
			continue
		}
		if changed++; within == 0 {
			t.Fatalf("%s: the pixel %d,%d beyond the mask has changed", name, x, y)
		}
	}
	if changed == 0 {
		t.Errorf("%s: nothing has changed", name)
	}
}

// TestCompareOwnModelMakes runs the command with a model on a data set of drawings.
func TestCompareOwnModelMakes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	data, out := t.TempDir(), t.TempDir()
	parts, err1 := drawnParts([]string{"bottle cap"})
	defects, err2 := drawableDefects([]string{"missing chunk", "stain"})
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := parts[0].write(t.Context(), data, defects, 1); err != nil {
		t.Fatal(err)
	}
	dir := copied(t)
	if err := os.WriteFile(filepath.Join(dir, anomalyany.DefaultsFile), []byte(`{"size": 64, "map_factor": 1, "steps": 4, "refine": 1, "limits": {"min_area": 0}}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := compare(t, nil, "--data", data, "--model", dir, "--generators", "anomalyany,sdas", "--seeds", "1", "--pictures", "2", "--out", out); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{anomalyAnyName: {"missing_chunk", "stain"}, "sdas": {"", ""}} {
		record, err := readJSON[errandRecord](filepath.Join(out, photographs, "pictures", name, parts[0].folder(), "seed-1.json"))
		var asked []string
		for _, p := range record.Pictures {
			asked = append(asked, p.Asked)
		}
		if err != nil || !slices.Equal(asked, want) {
			t.Errorf("%s was asked for %q, want %q: %v", name, asked, want, err)
		}
		if o := record.Options["options"]; !strings.Contains(o, `"Size":64`) || name == anomalyAnyName && !strings.Contains(o, `"Steps":4`) {
			t.Errorf("%s has not the directory's numbers: %s", name, o)
		}
	}
}

// openOwn opens the small model as one of the user's.
func openOwn(t *testing.T) *ownModel {
	t.Helper()
	o := OwnModel{Model: smallDir, Memory: 3}
	o.Device, o.Precision = "cpu", "auto"
	m, err := o.open(t.Context(), methods)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	if o.Precision != "f32" {
		t.Errorf("precision %s, want what the directory says", o.Precision)
	}
	return m
}

// TestOwnModelLearned calls a defect by the word that was learned for it, and pictures made with it are others.
func TestOwnModelLearned(t *testing.T) {
	plain := openOwn(t)
	vectors, err := plain.WordVectors(t.Context(), "crack")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "crack.safetensors")
	if err := (&diffusion.Embedding{Word: "<Bad tear>", Vectors: vectors}).Write(path); err != nil {
		t.Fatal(err)
	}
	o := OwnModel{Model: smallDir, Memory: 3, Embeddings: cli.Embeddings{Embedding: []cli.WordFile{{Path: path}, {Path: path, Word: "<ko>"}}}}
	o.Device, o.Precision = "cpu", "auto"
	m, err := o.open(t.Context(), methods)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for name, want := range map[string]string{"bad_tear": "<Bad tear>", "ko": "<ko>", "bad": "defect", "scratch": "scratch"} {
		if d := m.defect("nut", name); len(d.Words) != 1 || d.Words[0] != want || d.Prompt != "a photo of a nut with a "+want+" on it" {
			t.Errorf("%s is %q in %q, want %q", name, d.Words, d.Prompt, want)
		}
	}
	if m.is == plain.is || !strings.Contains(m.is.String(), `"<Bad tear>" of the file`) || strings.Contains(plain.is.String(), "learned") {
		t.Errorf("with words it is %s, without %s", m.is, plain.is)
	}
	o = OwnModel{Embeddings: cli.Embeddings{Embedding: []cli.WordFile{{Path: path}}}}
	if err := o.check(""); err == nil || !strings.Contains(err.Error(), "--embedding needs --model") {
		t.Errorf("without a model: %v", err)
	}
}

// copied is the small model's directory, to be changed.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(smallDir)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// hazelnutOf is a drawing, stretched to a size.
func hazelnutOf(size image.Point) *image.RGBA {
	d := world.Draw(world.Subjects()[0], nil, 7, demoSize)
	m, err := images.StretchTo(image.Pt(demoSize, demoSize), size).Picture(images.FromBytes(d.Picture, demoSize, demoSize))
	if err != nil {
		panic(err)
	}
	return m
}

// TestOwnWords asks for defects by the words of package prompts, or by their names.
func TestOwnWords(t *testing.T) {
	m := &ownModel{categories: prompts.Default(), Defaults: anomalyany.Defaults{Options: anomalyany.Paper()}}
	_, crack, err := prompts.Default().Lookup("hazelnut", "crack")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ part, defect, prompt, word, normal string }{
		{"hazelnut", "crack", crack.Prompt, crack.Words[0], "a photo of a hazelnut"},
		{"mvtec_hazelnut", "crack", crack.Prompt, crack.Words[0], "a photo of a hazelnut"},
		{"hazelnut", "worm_hole", "a photo of a hazelnut with a worm hole on it", "worm hole", "a photo of a hazelnut"},
		{"oil_pump", "rust", "a photo of an oil pump with rust on it", "rust", "a photo of an oil pump"},
		{"oil_pump", "ko", "a photo of an oil pump with a defect on it", "defect", "a photo of an oil pump"},
		{"pump", "bent,loose", "a photo of a pump with a bent loose on it", "bent loose", "a photo of a pump"},
	} {
		o := ownAnomalyAny{m}.asking(c.part, c.defect)
		if o.Prompt != c.prompt || !slices.Equal(o.Words, []string{c.word}) || o.Normal != c.normal || o.Detail == "" {
			t.Errorf("%s, %s: %q, %q, %q", c.part, c.defect, o.Prompt, o.Words, o.Normal)
		}
		if got := (ownSDAS{m}).asking(c.part).Prompt; got != c.normal {
			t.Errorf("sdas of %s: %q, want %q", c.part, got, c.normal)
		}
	}
	others := ownAnomalyAny{m}.others(order{part: "pump", defect: "rust", defects: []string{"dent", "rust", "hole"}})
	if want := []string{"a photo of a pump with a dent on it", "a photo of a pump with a hole on it"}; !slices.Equal(others, want) {
		t.Errorf("others are %q, want %q", others, want)
	}
	if m.Articles = "always"; (ownSDAS{m}).asking("wood").Prompt != "a photo of a wood" {
		t.Errorf("with the model's articles: %q", ownSDAS{m}.asking("wood").Prompt)
	}
}

// TestWindowed puts what was made of a window into the photograph, and nothing else.
func TestWindowed(t *testing.T) {
	photograph := hazelnutOf(image.Pt(60, 40))
	g := windowed{squared{}, images.Window{Part: image.Rect(10, 0, 50, 40), Size: image.Pt(20, 20)}}
	made, err := g.Generate(t.Context(), anomaly.Input{Normal: photograph}, anomaly.NewDraws(0))
	if err != nil {
		t.Fatal(err)
	}
	where := image.Rect(10, 0, 50, 40).Intersect(image.Rect(10+2*4, 2*6, 10+2*10, 2*12))
	for y := range 40 {
		for x := range 60 {
			inside := image.Pt(x, y).In(where)
			got, want := made.Picture.RGBAAt(x, y), photograph.RGBAAt(x, y)
			if masked := made.Mask.GrayAt(x, y).Y == 255; masked != inside || !inside && got != want || image.Pt(x, y).In(where.Inset(6)) && got.R < 200 {
				t.Fatalf("at %d,%d: masked %v, %v where the photograph is %v", x, y, masked, got, want)
			}
		}
	}
	if made.Stray != 0 || photograph.RGBAAt(25, 18).R > 250 {
		t.Errorf("stray %v, or the photograph has changed", made.Stray)
	}
}

// squared paints a white square of what it sees.
type squared struct{}

func (squared) Generate(_ context.Context, in anomaly.Input, _ anomaly.Draws) (r anomaly.Result, err error) {
	r.Picture, r.Mask = images.Cut(in.Normal, in.Normal.Rect), image.NewGray(in.Normal.Rect)
	square := image.Rect(4, 6, 10, 12)
	draw.Draw(r.Picture, square, image.White, image.Point{}, draw.Src)
	draw.Draw(r.Mask, square, image.NewUniform(color.Gray{Y: 255}), image.Point{}, draw.Src)
	return r, nil
}

func TestOwnModelMistakes(t *testing.T) {
	data, out := drawn(t, map[string][3]int{"plate": {1, 1, 1}}), t.TempDir()
	normal := drawn(t, map[string][3]int{"plate": {1, 1, 0}})
	bare := copied(t) // the small model without its CLIP
	if err := os.RemoveAll(filepath.Join(bare, "clip")); err != nil {
		t.Fatal(err)
	}
	with := []string{"--data", data, "--model", smallDir}
	for _, c := range []struct{ args, says []string }{
		{[]string{"--model", smallDir}, []string{"--model", "--data DIR", "drawn parts"}},
		{[]string{"--data", data, "--clip", smallDir}, []string{"--clip needs --model"}},
		{[]string{"--data", data, "--noise", "1"}, []string{"--noise needs --model"}},
		{[]string{"--data", data, "--precision", "f32"}, []string{"--precision needs --model"}},
		{[]string{"--data", data, "--device", "cuda:0"}, []string{"--device needs --model"}},
		{[]string{"--data", data, "--generators", "sdas"}, []string{"--generators sdas", "--model DIR"}},
		{append(with, "--generators", "ideal"), []string{"--generators ideal needs drawn parts"}},
		{append(with, "--generators", "nsa"), []string{"--model: none of --generators"}},
		{append(with, "--noise", "2..1"), []string{"--noise", "0.3..1"}},
		{append(with, "--noise", "NaN"), []string{"--noise"}},
		{append(with, "--memory", "-1"), []string{"--memory is -1"}},
		{append(with, "--prediction-type", "x"), []string{"--prediction-type"}},
		{[]string{"--data", data, "--model", filepath.Join(out, "nowhere")}, []string{"--model", "nowhere"}},
		{[]string{"--data", data, "--model", bare}, []string{"CLIP", "--clip DIR", `"refine": 0`}},
		{[]string{"--data", normal, "--model", smallDir}, []string{"plate has no pictures with defects", "--categories"}},
	} {
		err := compare(t, nil, append(c.args, "--out", filepath.Join(out, "results"))...)
		wantError(t, err, c.says...)
		if slices.Contains(c.args, bare) && !errors.Is(err, diffusion.ErrNoCLIP) {
			t.Errorf("without CLIP: %v", err)
		}
	}
	if left := clitest.Written(t, out); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// TestOwnStrengths reads --noise.
func TestOwnStrengths(t *testing.T) {
	for text, want := range map[string][2]float64{"": {0.3, 1}, "0.5": {0.5, 0.5}, "0..2": {0, 2}} {
		if got, err := (&OwnModel{Noise: text}).strengths(); got != want || err != nil {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}
