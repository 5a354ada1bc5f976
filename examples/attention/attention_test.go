package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
	gt "gorgonia.org/tensor"
)

const modelA = "../../testdata/models/a"

// small are the flags of a short run of the tiny model, as kong would leave
// them.
func small(t *testing.T) flags {
	t.Helper()
	return flags{
		Model: modelA, Prompt: "a photo of a hazelnut with a crack on it", Guidance: 5, Scheduler: "ddim", Steps: 3,
		Size: 64, Out: filepath.Join(t.TempDir(), "out"),
	}
}

// photograph saves a picture of 150×100.
func photograph(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 150, 100))
	for y := range 100 {
		for x := range 150 {
			m.SetRGBA(x, y, color.RGBA{uint8(x), uint8(2 * y), 90, 255})
		}
	}
	path := filepath.Join(t.TempDir(), "nut.png")
	if err := images.WritePNG(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}

func runAll(t *testing.T, f flags) []string {
	t.Helper()
	if err := f.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return clitest.Written(t, f.Out)
}

// size is the size of a PNG file.
func size(t *testing.T, path string) image.Point {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m.Bounds().Size()
}

var (
	source = regexp.MustCompile(`(src|href|url)=?[("]?"?([^"> )]*)`)
	link   = regexp.MustCompile(`href="([^"]*)"`)
)

// TestGenerate counts the maps of a picture that is made, and looks at the page:
// it shows every one and needs nothing from elsewhere.
func TestGenerate(t *testing.T) {
	f := small(t)
	f.Prompt, f.Words = "a photo of a hazelnut <b>& a crack", []string{"hazelnut", "crack"}
	names := runAll(t, f)
	const steps, sites = 3, 10
	if want := 3 + 2*(1+steps+sites); len(names) != want {
		t.Errorf("%d files, want %d: %v", len(names), want, names)
	}
	for name, want := range map[string]image.Point{
		"picture.png": image.Pt(64, 64), "crack.png": image.Pt(64, 64),
		"crack-step-03.png": image.Pt(128, 128), "hazelnut-site-04-mid-0.png": image.Pt(128, 128),
	} {
		if got := size(t, filepath.Join(f.Out, name)); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	data, err := os.ReadFile(filepath.Join(f.Out, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	var linked []string
	for _, m := range link.FindAllStringSubmatch(page, -1) {
		linked = append(linked, m[1])
	}
	slices.Sort(linked)
	if diff := cmp.Diff(slices.DeleteFunc(names, func(n string) bool { return n == pageName || n == indexName }), linked); diff != "" {
		t.Errorf("files -, links of the page +:\n%s", diff)
	}
	for _, m := range source.FindAllStringSubmatch(page, -1) {
		if m[1] == "src" && !strings.HasPrefix(m[2], "data:image/jpeg;base64,") || strings.Contains(m[2], "//") && m[1] != "src" {
			t.Errorf("the page takes something from elsewhere: %.60s", m[0])
		}
	}
	for _, want := range []string{
		"hazelnut &lt;b&gt;&amp; a crack", "step 3, t = ", "up-3.1, 8×8",
		"up_blocks.3.attentions.1.transformer_blocks.0.attn2", "<dt>guidance</dt><dd>5</dd>",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not mention %q", want)
		}
	}
}

// TestPhotograph makes the maps of a photograph at two amounts of noise, twice.
func TestPhotograph(t *testing.T) {
	f := small(t)
	f.Image, f.T = photograph(t), []float64{300, 0}
	names := runAll(t, f)
	if want := 3 + 3*(1+2+10); len(names) != want {
		t.Errorf("%d files, want %d: %v", len(names), want, names)
	}
	again := f
	again.Out = t.TempDir()
	runAll(t, again)
	for _, name := range []string{"crack.png", "photo-step-02.png", "index.html"} {
		a, err1 := os.ReadFile(filepath.Join(f.Out, name))
		b, err2 := os.ReadFile(filepath.Join(again.Out, name))
		if err := errors.Join(err1, err2); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s is another the second time (%v)", name, err)
		}
	}
}

// TestMapsAreMeans compares what an observer keeps with the probabilities of
// every site, read one pass at a time.
func TestMapsAreMeans(t *testing.T) {
	p, err := diffusion.Open(t.Context(), modelA, diffusion.WithoutCLIP())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	f := small(t)
	f.Image, f.T = photograph(t), []float64{500, 100}
	j, err := newJob(t.Context(), f, p)
	if err != nil {
		t.Fatal(err)
	}
	o, err := newObserver(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.photograph(t.Context()); err != nil {
		t.Fatal(err)
	}
	crack := slices.IndexFunc(j.words, func(w word) bool { return w.text == "crack" })
	token := j.words[crack].tokens[0]
	whole := diffusion.NewAttnStore(diffusion.AllCross)
	step, err := p.Compile(o.maps.h, o.maps.w, diffusion.WithStore(whole), diffusion.WithRead(whole.HeadMeans))
	if err != nil {
		t.Fatal(err)
	}
	z, err := p.EncodeImage(t.Context(), images.ForModel(j.photograph))
	if err != nil {
		t.Fatal(err)
	}
	noise := tensor.NewRand(f.Seed).Randn(len(z.Floats()))
	sums := make([][]float32, 10)
	for _, time := range f.T {
		noisy, err := o.scheduler.AddNoise(z, z.With(noise), time)
		if err != nil {
			t.Fatal(err)
		}
		out, err := step.Predict(t.Context(), noisy, time, o.guidance.Prompt)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range out.Read {
			v, keys := tensor.Float32s(m), m.Shape()[2]
			if sums[i] == nil {
				sums[i] = make([]float32, len(v)/keys)
			}
			for at := range sums[i] {
				sums[i][at] += v[at*keys+token] / float32(len(f.T))
			}
		}
	}
	// Two programs that round differently, of a model that multiplies errors: 0.5e-4 on AVX2 to 3.1e-4 on AMX.
	near := cmpopts.EquateApprox(5e-4, 1e-6)
	for i := range sums {
		if diff := cmp.Diff(sums[i], o.maps.site(crack, i), near); diff != "" {
			t.Errorf("%s (-by hand +kept):\n%s", o.maps.sites[i], diff)
		}
	}
}

func TestColumnAndMeans(t *testing.T) {
	x := tensor.FromFloat32s([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2)
	if diff := cmp.Diff([]float32{6, 8}, column(x, 1)); diff != "" {
		t.Errorf("column of the last entry: %s", diff)
	}
	m := newMaps([]word{{text: "a"}, {text: "b"}}, 1, 2)
	m.add(2, []*gt.Dense{x, x})
	m.add(1, []*gt.Dense{tensor.FromFloat32s(make([]float32, 8), 2, 2, 2), x})
	if diff := cmp.Diff([]float32{3, 4}, m.total(1)); diff != "" {
		t.Errorf("mean of the steps: %s", diff)
	}
	if diff := cmp.Diff([]float32{5, 7}, m.site(0, 0)); diff != "" {
		t.Errorf("mean of a site: %s", diff)
	}
	v, lo, hi := stretched([]float32{3, 1, 2})
	if !slices.Equal(v, []float32{1, 0, 0.5}) || lo != 1 || hi != 3 {
		t.Errorf("stretched: %v, %g to %g", v, lo, hi)
	}
	if v, _, _ := stretched([]float32{2, 2}); !slices.Equal(v, []float32{0, 0}) {
		t.Errorf("stretched, of one value: %v", v)
	}
}

func TestWords(t *testing.T) {
	if diff := cmp.Diff([]string{"photo", "broken", "well-worn", "nut", "crack"},
		contentWords("A photo of a broken, well-worn NUT with a crack on it, nut!")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"metal-nut", "picture-2", "ö", "metal-nut-2"},
		names([]word{{text: "Metal nut"}, {text: "picture"}, {text: "ö"}, {text: "metal-nut"}})); diff != "" {
		t.Error(diff)
	}
	if got := shortPath("up_blocks.1.attentions.0.transformer_blocks.0.attn2"); got != "up-1.0" {
		t.Errorf("short path %q", got)
	}
}

func TestMistakes(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.png")
	if err := os.WriteFile(text, []byte("this is no picture\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	long := filepath.Join(t.TempDir(), "long.png")
	if err := images.WritePNG(long, image.NewGray(image.Rect(0, 0, 1, 3000))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(f *flags)
		says   []string
	}{
		"no model":    {func(f *flags) { f.Model = "" }, []string{"--model MODEL is missing", "hf download", "unet/", "--random"}},
		"two models":  {func(f *flags) { f.Random = true }, []string{"--model and --random"}},
		"nowhere":     {func(f *flags) { f.Model = "nowhere" }, []string{"nowhere", "text_encoder/"}},
		"no prompt":   {func(f *flags) { f.Prompt = " " }, []string{"--prompt TEXT is missing"}},
		"word":        {func(f *flags) { f.Words = []string{"scratch"} }, []string{"--words", `"scratch"`, "hazelnut"}},
		"no words":    {func(f *flags) { f.Prompt = "of the" }, []string{"no word", "--words"}},
		"guidance":    {func(f *flags) { f.Guidance = -1 }, []string{"--guidance is -1"}},
		"no guidance": {func(f *flags) { f.Guidance = math.NaN() }, []string{"--guidance is NaN, want 0 to 1000"}},
		"no steps":    {func(f *flags) { f.Steps = 0 }, []string{"--steps is 0, want 1 to 1000"}},
		"huge":        {func(f *flags) { f.Size = 100_000 }, []string{"--size is 100000, want 1 to 8192"}},
		"no t":        {func(f *flags) { f.Image, f.T = photograph(t), []float64{100, math.NaN()} }, []string{"--t is NaN, want 0 to 999"}},
		"negative":    {func(f *flags) { f.Guidance, f.Negative = 1, "blurry" }, []string{"--negative has no effect"}},
		"size":        {func(f *flags) { f.Size = 0 }, []string{"--size is 0"}},
		"odd size":    {func(f *flags) { f.Size = 100 }, []string{"--size 100", "multiples of 64"}},
		"long":        {func(f *flags) { f.Image, f.T = long, []float64{1} }, []string{"1×3000", "at most 8 times"}},
		"steps":       {func(f *flags) { f.Steps = 0 }, []string{"0"}},
		"t":           {func(f *flags) { f.T = []float64{3} }, []string{"--t needs --image"}},
		"t too large": {func(f *flags) { f.Image, f.T = photograph(t), []float64{1000} }, []string{"--t", "1000", "0 to 999"}},
		"no picture":  {func(f *flags) { f.Image = text }, []string{"text.png", "a text file"}},
		"out":         {func(f *flags) { f.Out = filepath.Join(text, "out") }, []string{"--out", "text.png"}},
	} {
		f := small(t)
		c.change(&f)
		err := f.Validate()
		if err == nil {
			err = run(t.Context(), f)
		}
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		for _, part := range c.says {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: the error does not mention %q: %v", name, part, err)
			}
		}
		if names := clitest.Written(t, f.Out); len(names) > 0 {
			t.Errorf("%s: left %v", name, names)
		}
	}
}

// TestInterruption stops a run after some operations, at every stage; nothing is
// left.
func TestInterruption(t *testing.T) {
	total := 0
	f := small(t)
	f.Steps = 1
	if err := run(nn.WithTrace(t.Context(), func(nn.Executed) { total++ }), f); err != nil {
		t.Fatal(err)
	}
	for _, share := range []float64{0, 0.2, 0.5, 0.8, 1} {
		f.Out = filepath.Join(t.TempDir(), "out")
		ctx, cancel := context.WithCancel(t.Context())
		ran, stop := 0, int(share*float64(total))
		if stop == 0 {
			cancel()
		}
		err := run(nn.WithTrace(ctx, func(nn.Executed) {
			if ran++; ran == stop {
				cancel()
			}
		}), f)
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d of %d operations: %v, want context.Canceled", stop, total, err)
		}
		if names := clitest.Written(t, f.Out); len(names) > 0 {
			t.Errorf("after %d of %d operations: left %v", stop, total, names)
		}
	}
}

// TestLearnedWord makes maps of a word that was learned, which nobody has asked for by name.
func TestLearnedWord(t *testing.T) {
	f := small(t)
	f.Prompt, f.Steps = "a hazelnut with a <Scratch>", 1
	f.Embedding = []cli.WordFile{{Path: "../../diffusion/testdata/embeddings/written.safetensors"}}
	names := runAll(t, f)
	for _, word := range []string{"hazelnut", "<scratch>"} {
		if !slices.Contains(names, files.Name(word)+".png") {
			t.Errorf("there is no map of %s: %v", word, names)
		}
	}
	f.Embedding[0].Word = "<dent>"
	if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), `--embedding was "<scratch>" of the file`) {
		t.Errorf("with another word: %v", err)
	}
}

// TestPreview writes previews beside the maps, which stay as they are; a photograph has none.
func TestPreview(t *testing.T) {
	f := small(t)
	names := runAll(t, f)
	picture, err := os.ReadFile(filepath.Join(f.Out, pictureName))
	if err != nil {
		t.Fatal(err)
	}
	f.Every, f.TAESD = 2, "../../vae/testdata/taesd"
	if diff := cmp.Diff(slices.Sorted(slices.Values(append(names, "preview.png"))), runAll(t, f)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := size(t, filepath.Join(f.Out, "preview.png")); got != image.Pt(64, 64) {
		t.Errorf("the preview is %v", got)
	}
	if again, err := os.ReadFile(filepath.Join(f.Out, pictureName)); err != nil || !bytes.Equal(picture, again) {
		t.Errorf("the preview changes the picture (%v)", err)
	}
	f.Image = photograph(t)
	if err := f.Validate(); err == nil || !strings.Contains(err.Error(), "--preview shows how a picture is made") {
		t.Errorf("of a photograph: %v", err)
	}
}
