package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/nn/vision"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// looksOf counts how many pictures were looked at, in place of networks.
type looksOf struct{ features, pairs int }

// open has lookers of every kind that see brightness and contrast, in as many numbers as Inception gives.
func (n *looksOf) open(_ context.Context, g *Generation) ([]*looker, *pairer, error) {
	see := func(picture *image.RGBA, width int) []float32 {
		out := make([]float32, width)
		for i, v := range images.Luminance(picture) {
			out[i%width] += v / 40 * float32(1+i%3)
		}
		return out
	}
	look := func(width int) func(context.Context, *image.RGBA) ([]float32, error) {
		return func(ctx context.Context, picture *image.RGBA) ([]float32, error) {
			n.features++
			return see(picture, width), ctx.Err()
		}
	}
	ends := func() error { return nil }
	all := []*looker{
		{name: inceptionLooker, title: "Inception", sha256: "1", sees: "a", width: inceptionWidth, look: look(inceptionWidth), close: ends},
		{name: dinoLooker, title: "DINOv2", sha256: "2", sees: "b", width: 8, look: look(8), close: ends},
		{name: clipLooker, title: "CLIP", sha256: "3", sees: "c", width: 6, look: look(6), close: ends},
	}
	p := &pairer{sha256: "4", sees: "d", masked: g.Region == "mask", close: ends}
	p.look = func(ctx context.Context, picture *image.RGBA) ([]float32, error) {
		n.pairs++
		return see(picture, 16), ctx.Err()
	}
	return all, p, nil
}

// generation runs the command with what counts.
func generation(t *testing.T, n *looksOf, args ...string) (*GenerationReport, error) {
	t.Helper()
	var c commandLine
	if _, err := newParser(&c).Parse(append([]string{"generation"}, args...)); err != nil {
		return nil, err
	}
	g := &c.Generation
	g.open = n.open
	if err := g.run(t.Context()); err != nil {
		return nil, err
	}
	var r GenerationReport
	data, err := os.ReadFile(filepath.Join(g.Out, "results.json"))
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	return &r, err
}

// writtenSet is generated pictures of two categories and two defects, in MVTec AD's layout or in AnomalyDiffusion's.
func writtenSet(t *testing.T, format string, n int) string {
	t.Helper()
	dir := t.TempDir()
	mask := image.NewGray(image.Rect(0, 0, 40, 30))
	for i := range 200 {
		mask.Pix[i] = 255
	}
	for c, category := range []string{"nut", "plate"} {
		if format == "mvtec" {
			write(t, filepath.Join(dir, category, "train/good/000.png"), plate(50+10*c))
		}
		for d, defect := range []string{"scratch", "spot"} {
			for i := range n {
				p := plate(50 + 10*c + 5*d + i)
				p.SetRGBA(i, 3, color.RGBA{255, 0, 0, 255})
				if format == "mvtec" {
					write(t, filepath.Join(dir, category, "test", defect, number(i)+".png"), p)
					write(t, filepath.Join(dir, category, "ground_truth", defect, number(i)+"_mask.png"), mask)
				} else {
					write(t, filepath.Join(dir, category, defect, "image", number(i)+".png"), p)
					write(t, filepath.Join(dir, category, defect, "mask", number(i)+".png"), mask)
				}
			}
		}
	}
	return dir
}

// TestGeneration has every figure of two categories, of either layout, and goes on where it was.
func TestGeneration(t *testing.T) {
	real := drawn(t, map[string][3]int{"nut": {2, 3, 6}, "plate": {2, 3, 6}})
	for _, format := range []string{"mvtec", "anomalydiffusion"} {
		made, out := writtenSet(t, format, 6), t.TempDir()
		args := []string{"--generated", made, "--real", real, "--splits", "2", "--metrics", "is,iclpips,kid,cmmd,fid", "--out", out}
		n := &looksOf{}
		r, err := generation(t, n, args...)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Categories) != 2 || r.Means.IS == nil || r.Means.ICLPIPS == nil || r.Means.CMMD == nil || r.Means.KID["DINOv2"] == nil || r.Means.KID["Inception"] == nil {
			t.Fatalf("%s: %+v", format, r.Means)
		}
		c := r.Categories[0]
		if c.Made != 12 || c.Real != 6 || c.Normal != 3 || len(c.Types) != 2 || c.FID != nil {
			t.Errorf("%s: %+v", format, c)
		}
		// Scratches were photographed by nobody, spots by six pictures.
		if s := c.Types[0]; s.Type != "scratch" || s.Centres != 0 || len(s.Sizes) != 1 || s.IS.Pictures != 6 || s.IS.Splits != 2 {
			t.Errorf("%s: %+v", format, s)
		}
		if s := c.Types[1]; s.Centres != 2 || len(s.Sizes) != 2 || s.Sizes[0]+s.Sizes[1] != 6 {
			t.Errorf("%s: %+v", format, s)
		}
		if d := c.KID["DINOv2"]; d.Floor == nil || d.Nothing == nil || d.Low == nil || !(*d.Low <= *d.High) {
			t.Errorf("%s: KID %+v", format, d)
		}
		table := read(t, out, "table.md")
		for _, says := range []string{"| mean ", "6 pictures, 2 splits", "floor", "no FID: too few pictures", "scratch: of 0 true pictures no third to cluster by", "DINOv2-KID", "CMMD"} {
			if !strings.Contains(table, says) {
				t.Errorf("%s: the table has no %q:\n%s", format, says, table)
			}
		}
		// The same again looks at nothing, and has the same.
		before := *n
		if _, err := generation(t, n, args...); err != nil {
			t.Fatal(err)
		}
		if *n != before || read(t, out, "table.md") != table {
			t.Errorf("%s: %+v looks after %+v, the table\n%s", format, *n, before, read(t, out, "table.md"))
		}
	}
}

// TestPairs looks once at every picture of a large cluster for each block of others, where going pair by pair would look
// thousands of times.
func TestPairs(t *testing.T) {
	n, p := 0, &pairer{}
	p.look = func(_ context.Context, picture *image.RGBA) ([]float32, error) {
		n++
		return []float32{float32(picture.Pix[0])}, nil
	}
	dir := t.TempDir()
	var all []*specimen
	for i := range 140 {
		name := number(i) + ".png"
		write(t, filepath.Join(dir, name), plate(50+i))
		all = append(all, &specimen{root: os.DirFS(dir), picture: name, digest: name})
	}
	if err := p.recall(filepath.Join(dir, "nothing")); err != nil {
		t.Fatal(err)
	}
	steps := 0
	if err := p.compare(t.Context(), all, all, true, func() { steps++ }); err != nil {
		t.Fatal(err)
	}
	if want := 140 * 139 / 2; len(p.distances) != want || steps != 140 {
		t.Errorf("%d distances in %d steps, want %d in 140", len(p.distances), steps, want)
	}
	if most := 140 * (140/blockOf + 1); n > most {
		t.Errorf("%d looks at 140 pictures, want at most %d", n, most)
	}
}

// TestGenerationGoesOn computes a picture that was changed anew, alone, and joins shards.
func TestGenerationGoesOn(t *testing.T) {
	real, made, out := drawn(t, map[string][3]int{"nut": {2, 3, 6}, "plate": {2, 3, 6}}), writtenSet(t, "mvtec", 4), t.TempDir()
	args := []string{"--generated", made, "--real", real, "--splits", "2", "--metrics", "is,kid,cmmd", "--out", out}
	n := &looksOf{}
	if _, err := generation(t, n, append(args, "--merge")...); err == nil || !strings.Contains(err.Error(), "--merge") {
		t.Errorf("error %v where no shard has run", err)
	}
	if err := shardOf(t, n, "0/2", args...); err != nil {
		t.Fatal(err)
	}
	half := n.features
	if _, err := generation(t, n, append(args, "--merge")...); err == nil {
		t.Error("a shard that has not run is not missed")
	}
	if err := shardOf(t, n, "1/2", args...); err != nil {
		t.Fatal(err)
	}
	if n.features != 2*half {
		t.Errorf("%d looks of both shards, %d of one", n.features, half)
	}
	if _, err := generation(t, n, append(args, "--merge")...); err != nil {
		t.Fatal(err)
	}
	if n.features != 2*half {
		t.Error("pictures are looked at where shards are joined")
	}
	write(t, filepath.Join(made, "nut/test/spot/001.png"), plate(190))
	if _, err := generation(t, n, args...); err != nil {
		t.Fatal(err)
	}
	if got := n.features - 2*half; got != 3 {
		t.Errorf("%d looks after one picture was changed, want one of each network", got)
	}
}

// shardOf runs a shard.
func shardOf(t *testing.T, n *looksOf, shard string, args ...string) error {
	t.Helper()
	var c commandLine
	if _, err := newParser(&c).Parse(append([]string{"generation", "--shard", shard}, args...)); err != nil {
		return err
	}
	c.Generation.open = n.open
	return c.Generation.run(t.Context())
}

// TestGenerationByWhatShips has a KID of the network that comes with the program, and says where other weights are.
func TestGenerationByWhatShips(t *testing.T) {
	real, made, out := drawn(t, map[string][3]int{"nut": {1, 2, 4}}), writtenSet(t, "mvtec", 2), t.TempDir()
	cmd := clitest.Program(t, "generation", "--generated", made, "--real", real, "--categories", "nut", "--out", out)
	var b bytes.Buffer
	cmd.Stderr = &b
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	said := b.String()
	for _, says := range []string{"is is left out: it wants weights-inception-2015-12-05-6726825d.pth", "iclpips is left out", "cmmd is left out"} {
		if !strings.Contains(said, says) {
			t.Errorf("nothing says %q:\n%s", says, said)
		}
	}
	if table := read(t, out, "table.md"); !strings.Contains(table, "Lite0-KID") {
		t.Errorf("the table:\n%s", table)
	}
}

// TestGenerationMistakes says what is wrong before the work.
func TestGenerationMistakes(t *testing.T) {
	made := writtenSet(t, "mvtec", 1)
	for _, c := range []struct{ args, says []string }{
		{[]string{"--generated", made, "--metrics", "iss"}, []string{"--metrics", "iss"}},
		{[]string{"--generated", made, "--splits", "0"}, []string{"--splits"}},
		{[]string{"--generated", made, "--categories", "nutt"}, []string{"--categories", "nut"}},
		{[]string{"--generated", t.TempDir()}, []string{"--generated"}},
		{[]string{"--generated", made, "--real", "nowhere"}, []string{"--real"}},
		{[]string{"--generated", made, "--merge", "--shard", "0/2"}, []string{"--shard"}},
	} {
		_, err := generation(t, &looksOf{}, append(c.args, "--out", filepath.Join(t.TempDir(), "out"))...)
		wantError(t, err, c.says...)
	}
	for flag, name := range map[string]string{"--inception": inceptionLooker, "--vgg16": "vgg16", "--dinov2": dinoLooker} {
		var c commandLine
		if _, err := newParser(&c).Parse([]string{"generation", "--generated", made, flag, lite0File, "--out", t.TempDir()}); err != nil {
			t.Fatal(err)
		}
		if _, err := vision.New(name); err != nil {
			t.Fatal(err)
		}
		wantError(t, c.Generation.run(t.Context()), flag, "EfficientNet-Lite0")
	}
}

// TestAgreementOfUnchanged does not praise a generator that has changed nothing.
func TestAgreementOfUnchanged(t *testing.T) {
	root := os.DirFS(writtenSet(t, "mvtec", 1))
	c := &madeCategory{
		sources: []*specimen{{root: root, picture: "nut/train/good/000.png", digest: "source"}},
		madeOf:  map[string]string{"nut/train/good/000.png": "source"},
		types:   []*madeType{{made: []*specimen{{root: root, picture: "nut/train/good/000.png", mask: "nut/ground_truth/spot/000_mask.png"}}}},
	}
	var j CategoryJudgment
	if err := j.judgeAgreement(t.Context(), c); err != nil || j.Agreement != nil || j.Compared != 0 || len(j.Notes) != 1 {
		t.Errorf("%+v, %v", j, err)
	}
}
