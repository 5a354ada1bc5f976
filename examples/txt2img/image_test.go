package main

import (
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion"
	"github.com/sdgraph/sdgraph/examples/internal/show"
)

// Strength 0 only passes the picture through the VAE, whatever the seed and the
// prompt; strength 1 forgets it.
func TestStrengthLimits(t *testing.T) {
	for _, scheduler := range diffusion.SchedulerNames() {
		f := small(t)
		f.Scheduler, f.Image, f.Strength = scheduler, inputPicture, share(0)
		unchanged, _ := runOne(t, f)
		f.Seed, f.Prompt, f.Out = 43, "something else", t.TempDir()
		if again, _ := runOne(t, f); difference(t, unchanged, again) != 0 {
			t.Errorf("%s: strength 0 depends on the seed or the prompt", scheduler)
		}

		f = small(t)
		f.Scheduler = scheduler
		fromText, _ := runOne(t, f)
		f.Image, f.Strength, f.Out = inputPicture, share(1), t.TempDir()
		if fromPicture, _ := runOne(t, f); difference(t, fromText, fromPicture) != 0 {
			t.Errorf("%s: strength 1 depends on the picture", scheduler)
		}
		f.Strength, f.Out = share(0.4), t.TempDir()
		if between, _ := runOne(t, f); difference(t, fromText, between) == 0 || difference(t, unchanged, between) == 0 {
			t.Errorf("%s: strength 0.4 is one of the limits", scheduler)
		}
	}
}

// parts returns the mean difference of two pictures' shades where the mask is
// black and where it is white.
func parts(a, b *image.RGBA, white func(x, y int) bool) (outside, inside float64) {
	var sums, counts [2]float64
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			at := 0
			if white(x, y) {
				at = 1
			}
			for c := range 3 {
				i := a.PixOffset(x, y) + c
				sums[at] += math.Abs(float64(a.Pix[i]) - float64(b.Pix[i]))
				counts[at]++
			}
		}
	}
	return sums[0] / counts[0], sums[1] / counts[1]
}

func inMask(x, y int) bool { return x >= 24 && y >= 16 && y < 48 } // of testdata/mask.png

func TestInpaintingKeepsTheOutside(t *testing.T) {
	original := readPicture(t, inputPicture)
	for _, scheduler := range diffusion.SchedulerNames() {
		f := small(t)
		f.Scheduler, f.Image, f.Mask, f.Paste = scheduler, inputPicture, inputMask, true
		pasted, _ := runOne(t, f)
		if outside, inside := parts(original, pasted, inMask); outside != 0 || inside < 20 {
			t.Errorf("%s, pasted: the outside differs by %.1f shades, want 0, the inside by %.1f", scheduler, outside, inside)
		}
	}
}

// Without pasting, what is kept is the picture's latent; the decoder also looks beyond the mask.
func TestLatentOutsideTheMask(t *testing.T) {
	p, err := diffusion.Open(t.Context(), modelA, diffusion.WithoutCLIP())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, scheduler := range diffusion.SchedulerNames() {
		f := small(t)
		f.Scheduler, f.Image, f.Mask = scheduler, inputPicture, inputMask
		j, err := newJob(t.Context(), f, p)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		z, err := j.sample(t.Context(), 42, show.NewProgress(t.Context(), io.Discard, 1))
		if err != nil {
			t.Fatal(err)
		}
		changed := 0
		for i, v := range z.Floats() {
			same := v == j.start.Floats()[i]
			if x, y := i%8, i/8%8; !same && !inMask(8*x, 8*y) {
				t.Fatalf("%s: the latent outside the mask is not the picture's at %d, %d", scheduler, x, y)
			}
			if !same {
				changed++
			}
		}
		if want := 4 * 5 * 4; changed != want {
			t.Errorf("%s: %d numbers of the latent changed, want the mask's %d", scheduler, changed, want)
		}
	}
}

// A picture of another size is scaled, its mask with it.
func TestPictureIsFitted(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 300, 200))
	mask := image.NewGray(picture.Bounds())
	for i := range mask.Pix {
		if i%300 >= 150 {
			mask.Pix[i] = 255
		}
	}
	f := small(t)
	f.Image, f.Mask, f.Paste = save(t, picture), save(t, mask), true
	got, _ := runOne(t, f)
	if size := got.Bounds().Size(); size != image.Pt(64, 64) {
		t.Fatalf("the picture is %v, want 64×64", size)
	}
	outside, inside := parts(image.NewRGBA(got.Bounds()), got, func(x, _ int) bool { return x >= 32 })
	if outside != 0 || inside < 10 {
		t.Errorf("the kept half differs from black by %.1f, the new one by %.1f", outside, inside)
	}
}

func save(t *testing.T, m image.Image) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "picture.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, m); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func TestPreview(t *testing.T) {
	f := small(t)
	f.Width = 128
	want, _ := runOne(t, f)
	for taesd, size := range map[string]image.Point{"": image.Pt(16, 8), tinyFolder: image.Pt(128, 64)} {
		f.Every, f.TAESD, f.Out = 2, taesd, t.TempDir()
		if diff := cmp.Diff([]string{"a-photo-of-a-cat-0042.png", "preview.png"}, runAll(t, f)); diff != "" {
			t.Fatalf("files (-want +got):\n%s", diff)
		}
		if got := readPicture(t, filepath.Join(f.Out, "preview.png")).Bounds().Size(); got != size {
			t.Errorf("%q: the preview is %v, want %v", taesd, got, size)
		}
		if difference(t, want, readPicture(t, filepath.Join(f.Out, "a-photo-of-a-cat-0042.png"))) != 0 {
			t.Errorf("%q: the preview changes the picture", taesd)
		}
	}
	if names := runAll(t, f); len(names) != 2 { // the same again
		t.Errorf("wrote %v", names)
	}
	f.Every, f.TAESD = 0, tinyFolder
	if err := f.Validate(); err == nil {
		t.Error("--taesd without --preview")
	}
}

// tinyFolder has a tiny autoencoder for latents of the small model's shape.
const tinyFolder = "../../vae/testdata/taesd"
