package main

import (
	"bytes"
	"image"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/tensor/images"
)

const modelA = "../../testdata/models/a"

// small are the flags of a short run of the tiny model, as kong would leave
// them; testdata/make_pictures.py has the same.
func small(t *testing.T) flags {
	t.Helper()
	return flags{
		Model: modelA, Prompt: "a photo of a cat", Negative: "blurry", Guidance: 5, Scheduler: "ddim", Steps: 5,
		Seed: 42, Noise: "cpu", N: 1, Size: 64, Out: filepath.Join(t.TempDir(), "out"),
	}
}

// runAll runs the program and returns the names of what it wrote.
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

// runOne runs the program for one picture.
func runOne(t *testing.T, f flags) (picture *image.RGBA, path string) {
	t.Helper()
	names := runAll(t, f)
	path = filepath.Join(f.Out, names[0])
	if len(names) != 1 {
		t.Fatalf("wrote %v, want one picture", names)
	}
	return readPicture(t, path), path
}

func readPicture(t *testing.T, path string) *image.RGBA {
	t.Helper()
	m, err := images.Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// difference is the largest difference of two pictures' shades.
func difference(t *testing.T, a, b *image.RGBA) (largest int) {
	t.Helper()
	if a.Bounds() != b.Bounds() {
		t.Fatalf("pictures of %v and %v", a.Bounds(), b.Bounds())
	}
	for i, v := range a.Pix {
		d := int(v) - int(b.Pix[i])
		largest = max(largest, d, -d)
	}
	return largest
}

const (
	inputPicture = "testdata/input.png"
	inputMask    = "testdata/mask.png"
)

func share(v float64) *float64 { return &v }

// The pictures of diffusers' pipelines, from testdata/make_pictures.py, up to
// rounding to 256 shades.
func TestLikeDiffusers(t *testing.T) {
	for name, change := range map[string]func(f *flags){
		"ddim":           func(f *flags) {},
		"pndm":           func(f *flags) { f.Scheduler = "pndm" },
		"euler":          func(f *flags) { f.Scheduler = "euler" },
		"euler-a":        func(f *flags) { f.Scheduler = "euler-a" },
		"dpmpp2m-karras": func(f *flags) { f.Scheduler, f.Karras = "dpmpp2m", true },
		"euler-a-image":  func(f *flags) { f.Scheduler, f.Image, f.Strength = "euler-a", inputPicture, share(0.6) },
		"dpmpp2m-image":  func(f *flags) { f.Scheduler, f.Image, f.Strength = "dpmpp2m", inputPicture, share(0.6) },
		"ddim-mask":      func(f *flags) { f.Image, f.Mask, f.Strength = inputPicture, inputMask, share(0.8) },
		"euler-mask":     func(f *flags) { f.Scheduler, f.Image, f.Mask = "euler", inputPicture, inputMask },
	} {
		t.Run(name, func(t *testing.T) {
			f := small(t)
			change(&f)
			got, _ := runOne(t, f)
			if d := difference(t, got, readPicture(t, filepath.Join("testdata", name+".png"))); d > 1 {
				t.Errorf("a shade differs by %d, want at most 1", d)
			}
		})
	}
}

// Every seed has its picture, in a batch or alone, and the same one each time.
func TestSeeds(t *testing.T) {
	for _, scheduler := range []string{"euler-a", "dpmpp2m"} {
		for _, noise := range []string{"cpu", "cuda"} {
			f := small(t)
			f.Scheduler, f.Noise, f.Steps, f.N = scheduler, noise, 3, 2
			want := []string{"a-photo-of-a-cat-0042.png", "a-photo-of-a-cat-0043.png"}
			if diff := cmp.Diff(want, runAll(t, f)); diff != "" {
				t.Fatalf("files (-want +got):\n%s", diff)
			}
			first, second := readFile(t, filepath.Join(f.Out, want[0])), readFile(t, filepath.Join(f.Out, want[1]))
			if bytes.Equal(first, second) {
				t.Errorf("%s, %s: seeds 42 and 43 give the same file", scheduler, noise)
			}
			f.Seed, f.N, f.Out = 43, 1, t.TempDir()
			_, again := runOne(t, f)
			if !bytes.Equal(second, readFile(t, again)) {
				t.Errorf("%s, %s: seed 43 alone is not seed 43 in the batch", scheduler, noise)
			}
		}
	}
}

func TestNoiseOfCUDAIsOther(t *testing.T) {
	f := small(t)
	cpu, _ := runOne(t, f)
	f.Noise, f.Out = "cuda", t.TempDir()
	cuda, _ := runOne(t, f)
	if difference(t, cpu, cuda) < 10 {
		t.Error("--noise changes nothing")
	}
}

// webUIParameter is how the web UI's parse_generation_parameters reads the last
// line.
var webUIParameter = regexp.MustCompile(`\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)`)

func TestParameters(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *flags)
		want   string
	}{
		"plain": {func(f *flags) {},
			"a photo of a cat\nNegative prompt: blurry\nSteps: 5, Sampler: DDIM, CFG scale: 5, Seed: 42, Size: 64x64, Model: a, RNG: CPU"},
		"Karras": {func(f *flags) { f.Scheduler, f.Karras, f.Noise, f.Negative, f.Width = "dpmpp2m", true, "cuda", "", 128 },
			"a photo of a cat\nSteps: 5, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 5, Seed: 42, Size: 128x64, Model: a, RNG: NV"},
		"picture": {func(f *flags) { f.Scheduler, f.Guidance, f.Image = "euler-a", 7.5, inputPicture },
			"a photo of a cat\nNegative prompt: blurry\nSteps: 5, Sampler: Euler a, Schedule type: Uniform, CFG scale: 7.5, Seed: 42, Size: 64x64, Model: a, Denoising strength: 0.75, RNG: CPU"},
		"words": {func(f *flags) { f.Prompt, f.Negative = "кот: \"рыжий\",\nна окне 猫", "" },
			"кот: \"рыжий\",\nна окне 猫\nSteps: 5, Sampler: DDIM, CFG scale: 5, Seed: 42, Size: 64x64, Model: a, RNG: CPU"},
	} {
		t.Run(name, func(t *testing.T) {
			f := small(t)
			c.change(&f)
			_, path := runOne(t, f)
			texts, err := images.ReadPNGText(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]images.Text{{Key: "parameters", Value: c.want}}, texts[:1]); diff != "" {
				t.Fatalf("(-want +got):\n%s", diff)
			}
			lines := bytes.Split([]byte(texts[0].Value), []byte("\n"))
			fields := map[string]string{}
			for _, m := range webUIParameter.FindAllSubmatch(lines[len(lines)-1], -1) {
				fields[string(m[1])] = string(m[2])
			}
			if fields["Steps"] != "5" || fields["Seed"] != "42" || fields["Model"] != "a" {
				t.Errorf("the web UI would read %v", fields)
			}
		})
	}
}

func TestQuote(t *testing.T) {
	for value, want := range map[string]string{"20": "20", "a b": "a b", "a, b": `"a, b"`, `a: "b"`: `"a: \"b\""`} {
		if got := quote(value); got != want {
			t.Errorf("%s is quoted as %s, want %s", value, got, want)
		}
	}
}

func TestFileNames(t *testing.T) {
	for prompt, want := range map[string]string{
		"":            "picture-0042.png",
		"猫":           "猫-0042.png",
		"犬":           "犬-0042.png",
		"A  Cat":      "a-cat-0042.png",
		"../../a/b c": "a-b-c-6023e11d-0042.png",
		"one two three four five six seven eight nine ten": "one-two-three-four-five-six-seven-eight-nine-ten-0042.png",
	} {
		j := &job{flags: flags{Prompt: prompt}}
		if got := j.name(42); got != want {
			t.Errorf("the file of %q is %s, want %s", prompt, got, want)
		}
	}
}
