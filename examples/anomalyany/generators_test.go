package main

import (
	"bytes"
	"image"
	"image/color"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/generate"
	"github.com/sdgraph/sdgraph/examples/internal/clitest"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// grainy draws a lighter disc on a dark ground, both with a grain of their own.
func grainy(t *testing.T, name string, width, height int, seed uint64) string {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 0))
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			grey := uint8(30 + r.IntN(10))
			if dx, dy := x-width/2, y-height/2; 9*(dx*dx+dy*dy) < 2*height*height {
				grey = uint8(110 + r.IntN(80))
			}
			m.Set(x, y, color.RGBA{grey, grey / 2, 255 - grey, 255})
		}
	}
	return save(t, name, m)
}

// withoutModel are the generators that need none.
func withoutModel() (names []string) {
	for name, m := range methods {
		if !m.model {
			names = append(names, name)
		}
	}
	return names
}

// asking is the Spec of a command line with a folder of its own.
func asking(t *testing.T, args ...string) Spec {
	t.Helper()
	f, err := parse(t, append(args, "--out", filepath.Join(t.TempDir(), "out"))...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// runAsked runs the program's part that makes pictures, in a program without a model.
func runAsked(t *testing.T, f Spec) []string {
	t.Helper()
	if embedded != nil {
		t.Fatal("the program has a model")
	}
	if err := run(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return clitest.Written(t, f.Out)
}

// pngs are the pictures of a folder.
func pngs(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := contents(t, dir)
	maps.DeleteFunc(all, func(name string, _ string) bool { return filepath.Ext(name) != ".png" })
	return all
}

// TestOtherGenerators has each make pictures without a model: twice the same, gone on with, and made again.
func TestOtherGenerators(t *testing.T) {
	photograph := grainy(t, "part.png", 72, 64, 1)
	for _, name := range withoutModel() {
		t.Run(name, func(t *testing.T) {
			args := []string{"--generator", name, "--image", photograph, "--object", "bottle cap", "--n=2", "--seed=7"}
			f := asking(t, args...)
			runAsked(t, f)
			stem := "bottle-cap-" + name + "-0007"
			r := readRecord(t, f, stem+".json")
			if r.Scores.Focus != nil || r.Scores.CLIP != nil || r.Scores.Stray == nil || r.Scores.Inside == nil || r.Generated == nil || r.Size != [2]int{72, 64} || len(r.Model) > 0 {
				t.Errorf("the record is %+v", r)
			}
			text := string(readFile(t, f.Out, stem+".json"))
			for _, part := range []string{"lambda", "focus", "steps", "model", "tokens", "trace"} {
				if strings.Contains(text, `"`+part) {
					t.Errorf("the record has %s:\n%.2000s", part, text)
				}
			}
			page := string(readFile(t, f.Out, "index.html"))
			for _, part := range []string{methods[name].called + ": bottle cap</h2>", "how sure the mask is", "of all pixels that changed lie outside it"} {
				has(t, "page", page, true, part)
			}
			has(t, "page", page, false, "attention</dt>")
			whole := pngs(t, f.Out)
			again := asking(t, args...)
			runAsked(t, again)
			if diff := cmp.Diff(whole, pngs(t, again.Out)); diff != "" {
				t.Error("a second run makes other pictures")
			}
			goesOn(t, f, stem, whole)
			from, err := parse(t, "--from", filepath.Join(f.Out, stem+".png"))
			if err != nil {
				t.Fatal(err)
			}
			runAsked(t, from)
			if made := string(readFile(t, from.Out, stem+".png")); made != whole[stem+".png"] {
				t.Error("--from makes another picture")
			}
		})
	}
}

// goesOn resumes a run of which a picture is missing, and then nothing.
func goesOn(t *testing.T, f Spec, stem string, whole map[string]string) {
	t.Helper()
	if err := os.Remove(filepath.Join(f.Out, stem+".json")); err != nil {
		t.Fatal(err)
	}
	f.Resume = true
	for range 2 {
		runAsked(t, f)
		if diff := cmp.Diff(whole, pngs(t, f.Out)); diff != "" {
			t.Error("with --resume it makes other pictures")
		}
	}
	other := f
	other.Preset = "released"
	if err := run(t.Context(), other); err == nil || !strings.Contains(err.Error(), "--preset was mended and is released") {
		t.Errorf("another preset: %v", err)
	}
}

// TestOthersOfTheRun gives each photograph patches of those of its size, and --from finds them.
func TestOthersOfTheRun(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"a.png", "b.png", "c.png", "copy of c.png", "large.png"} {
		width := 64
		if name == "large.png" {
			width = 80
		}
		if err := os.Rename(grainy(t, name, width, 64, uint64(min(i, 2))), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	f := asking(t, "--generator=nsa", "--image", dir, "--n=2")
	runAsked(t, f)
	for stem, want := range map[string]string{
		"nsa-a-0000": "b.png", "nsa-a-0001": "c.png", "nsa-b-0000": "c.png", "nsa-b-0001": "copy of c.png", "nsa-c-0000": "a.png", "nsa-large-0000": "",
	} {
		r := readRecord(t, f, stem+".json")
		var got string
		if len(r.Options.Others) > 0 {
			got = filepath.Base(r.Options.Others[0])
		}
		if got != want || want != "" && r.Inputs["others"] != files.SHA256(readFile(t, dir, want)) {
			t.Errorf("%s has patches of %q (%v), want %q", stem, got, r.Inputs, want)
		}
		if turned := len(r.Notes) > 0 && strings.Contains(r.Notes[0], "there is no other picture"); turned != (want == "") {
			t.Errorf("%s notes %q", stem, r.Notes)
		}
	}
	picture := filepath.Join(f.Out, "nsa-a-0000.png")
	again := func() error {
		from, err := parse(t, "--from", picture)
		if err != nil {
			return err
		}
		return run(t.Context(), from)
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readFile(t, f.Out, "nsa-a-0000.png"), readFile(t, f.Out, "again", "nsa-0000.png")) {
		t.Error("--from makes another picture")
	}
	if err := os.Rename(filepath.Join(dir, "c.png"), filepath.Join(dir, "b.png")); err != nil {
		t.Fatal(err)
	}
	if err := again(); err == nil || !strings.Contains(err.Error(), "photograph whose patches are taken") || !strings.Contains(err.Error(), "--others") {
		t.Errorf("another photograph in the other's place: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "b.png")); err != nil {
		t.Fatal(err)
	}
	if err := again(); err == nil || !strings.Contains(err.Error(), "--others: ") || !strings.Contains(err.Error(), "b.png") {
		t.Errorf("without the other photograph: %v", err)
	}
}

// TestGeneratorsKeepToTheirPlace: a mask that is drawn, of a file, or of a folder whose masks are taken in turn.
func TestGeneratorsKeepToTheirPlace(t *testing.T) {
	photograph, mask := grainy(t, "part.png", 96, 96, 1), writeMask(t, 96, 96, 0.3, 0.3, 0.7, 0.7)
	for _, name := range withoutModel() {
		for how, args := range map[string][]string{
			"file": {"--mask", mask}, "folder": {"--mask", filepath.Dir(mask)}, "shape": {"--shape=ellipse", "--shape-size=50", "--shape-at=50%,50%", "--shape-aspect=0.9"},
		} {
			f := asking(t, append(args, "--generator", name, "--image", photograph, "--keep-outside-mask", "--soft")...)
			runAsked(t, f)
			before, after := readPicture(t, Spec{Out: filepath.Dir(photograph)}, "part.png"), readPicture(t, f, name+"-0000.png")
			marked := readPicture(t, f, name+"-0000-mask.png")
			changed, white := image.Rectangle{}, 0
			for y := range 96 {
				for x := range 96 {
					if before.RGBAAt(x, y) != after.RGBAAt(x, y) {
						changed = changed.Union(image.Rect(x, y, x+1, y+1))
					}
					white += int(marked.RGBAAt(x, y).R / 255)
				}
			}
			if !changed.In(image.Rect(22, 22, 74, 74)) || changed.Empty() || white == 0 {
				t.Errorf("%s, %s: it has changed in %v, and the mask has %d pixels", name, how, changed, white)
			}
			if r := readRecord(t, f, name+"-0000.json"); (r.Place != nil) != (how != "file") {
				t.Errorf("%s, %s: the record has the place %v", name, how, r.Place)
			}
			if !files.Exists(filepath.Join(f.Out, name+"-0000-soft.png")) {
				t.Errorf("%s, %s: there is no soft map", name, how)
			}
		}
	}
}

// TestGeneratorsFilter judges their pictures, keeps the good ones, and makes data sets of them.
func TestGeneratorsFilter(t *testing.T) {
	photograph := grainy(t, "part.png", 64, 64, 1)
	args := []string{"--generator=cutpaste", "--image", photograph, "--object=cap", "--n=4"}
	bad := asking(t, append(args, "--max-area=0.01", "--min-area=0", "--keep=good")...)
	if names := runAsked(t, bad); !slices.Equal(names, []string{"index.html", "index.json"}) {
		t.Errorf("of pictures that fail there are %v", names)
	}
	good := asking(t, append(args, "--layout=mvtec,coco", "--min-inside=0", "--min-area=0")...)
	runAsked(t, good)
	if err := good.export(t.Context()); err != nil {
		t.Fatal(err)
	}
	made, err := filepath.Glob(filepath.Join(good.Out, "dataset-mvtec", "cap", "test", "cutpaste", "*.png"))
	if err != nil || len(made) != 4 {
		t.Errorf("the data set has %v", made)
	}
}

// TestGeneratorsRefuse photographs and masks that they cannot work on, before a picture is made.
func TestGeneratorsRefuse(t *testing.T) {
	dir := filepath.Dir(grainy(t, "part.png", 40, 40, 1))
	if err := os.Rename(grainy(t, "small.png", 12, 40, 1), filepath.Join(dir, "small.png")); err != nil {
		t.Fatal(err)
	}
	black := writeMask(t, 40, 40, 0, 0, 0, 0)
	for says, args := range map[string][]string{
		"small.png: the normal picture has 12×40 pixels, want at least 16×16": {"--image", dir},
		"part.png: the place where the picture may change is empty":           {"--image", filepath.Join(dir, "part.png"), "--mask", black},
	} {
		for _, name := range withoutModel() {
			f := asking(t, append([]string{"--generator", name}, args...)...)
			if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", name, err, says)
			}
			if names := clitest.Written(t, f.Out); len(names) > 0 {
				t.Errorf("%s: there are %v", name, names)
			}
		}
	}
}

// TestForeground has a part be where it is found, or all of the photograph.
func TestForeground(t *testing.T) {
	photograph := grainy(t, "part.png", 96, 96, 1)
	for name, want := range map[string]string{"": "found", "found": "found", "everywhere": "everywhere"} {
		for _, generator := range withoutModel() {
			args := []string{"--generator", generator, "--image", photograph, "--object=screw"}
			if name != "" {
				args = append(args, "--foreground", name)
			}
			f := asking(t, args...)
			runAsked(t, f)
			made := string(readFile(t, f.Out, "screw-"+generator+"-0000.json"))
			has(t, generator, made, true, `"foreground": "`+want+`"`)
		}
	}
	for mask, want := range map[string]generate.Foreground{"a.png": generate.Everywhere, "": generate.Found} {
		if got := (&Spec{Mask: mask}).foreground(); got != want {
			t.Errorf("with the mask %q the part is %s, want %s", mask, got, want)
		}
	}
}

// TestNothingToChange passes over photographs in which a generator could change nothing.
func TestNothingToChange(t *testing.T) {
	plain := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for i := range plain.Pix {
		plain.Pix[i] = 255
	}
	dir := filepath.Dir(save(t, "plain.png", plain))
	f := asking(t, "--generator=nsa", "--image", dir)
	if err := run(t.Context(), f); err == nil || !strings.Contains(err.Error(), "no picture was made") {
		t.Errorf("of a plain picture: %v", err)
	}
	if err := os.Rename(grainy(t, "part.png", 40, 40, 1), filepath.Join(dir, "part.png")); err != nil {
		t.Fatal(err)
	}
	f = asking(t, "--generator=cutpaste", "--image", dir)
	if names := runAsked(t, f); !slices.Contains(names, "cutpaste-part-0000.png") {
		t.Errorf("beside a plain picture there are %v", names)
	}
}

// TestGeneratorProgram is what a user sees, of a program without a model.
func TestGeneratorProgram(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	var stdout, stderr strings.Builder
	cmd := clitest.Program(t, "--generator=nsa", "--image", grainy(t, "part.png", 64, 64, 1), "--category=hazelnut", "--seed=4", "--out", out)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	if !strings.HasPrefix(stdout.String(), filepath.Join(out, "hazelnut-nsa-0004.png")+"\n") {
		t.Errorf("stdout is %q", &stdout)
	}
	for _, part := range []string{"generator: NSA, preset mended, the part is known as hazelnut\n", "1 of 1 pictures", "seed 4: there is no other picture"} {
		if !strings.Contains(stderr.String(), part) {
			t.Errorf("stderr has no %q:\n%s", part, &stderr)
		}
	}
	help, err := clitest.Program(t, "--generator=nsa", "--help").Output()
	if err != nil || !strings.Contains(string(help), "suit --generator nsa") {
		t.Errorf("help (%v):\n%s", err, help)
	}
}

// TestGeneratorsOfDrawings shows what a generator does, in a program without a model.
func TestGeneratorsOfDrawings(t *testing.T) {
	ofProgram := scenes
	t.Cleanup(func() { scenes = ofProgram })
	scenes = []scene{{"hazelnut", "crack", 1}, {"leather", "scratch", 2}}
	for _, name := range withoutModel() {
		f := asking(t, "--generator", name, "--n=1")
		if !f.isDemo() {
			t.Fatal("something is asked for")
		}
		if err := demonstrate(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"sheet.png", "hazelnut-" + name + "-0000.png", "leather-" + name + "-0000.png", "normal/hazelnut.png"} {
			if !files.Exists(filepath.Join(f.Out, file)) {
				t.Errorf("%s: there is no %s", name, file)
			}
		}
		if side := readPicture(t, f, "normal/leather.png").Rect.Dx(); side != drawnSide {
			t.Errorf("drawings have %d pixels", side)
		}
	}
}

// TestGeneratorMistakes are found before anything is read.
func TestGeneratorMistakes(t *testing.T) {
	for args, says := range map[string]string{
		"--generator=nsa --lambda=3":                         "--lambda says nothing to --generator nsa: it is for anomalyany",
		"--generator=nsa --strength=0.3":                     "--strength says nothing to --generator nsa",
		"--generator=nsa --anomaly=crack":                    "--anomaly says nothing to --generator nsa",
		"--generator=cutpaste --textures=own":                "--textures says nothing to --generator cutpaste: it is for draem",
		"--generator=draem --noise=1..2":                     "--noise says nothing to --generator draem: it is for sdas",
		"--generator=sdas --lambda=3":                        "--lambda says nothing to --generator sdas: it is for anomalyany",
		"--generator=sdas --preset=released --image=a.png":   "--preset is released, and --generator sdas has mended",
		"--generator=sdas --learned=a.safetensors":           "--learned says nothing to --generator sdas: it is for anomalydiffusion",
		"--generator=anomalydiffusion":                       "--learned FILE is missing",
		"--generator=anomalydiffusion --learned=a --model=b": "--image FILE is missing",
		"--generator=o2mag --reference=a.png":                "--reference-mask FILE is missing",
		"--generator=sdas --reference=a.png":                 "--reference says nothing to --generator sdas: it is for o2mag",
		"--generator=cutpaste --min-clip=0":                  "--min-clip says nothing to --generator cutpaste",
		"--generator=nsa --model=sd15":                       "--model says nothing to --generator nsa",
		"--generator=nsa --tile --shape=dot":                 "--tile is for a model",
		"--generator=nsa --preset=paper --image=a.png":       "--preset is paper, and --generator nsa has mended and released",
		"--preset=mended --image=a.png":                      "--preset is mended, and --generator anomalyany has paper, fast and released",
		"--part=hazelnut --image=a.png":                      "--part says nothing to --generator anomalyany: it is for anomalydiffusion, cutpaste, draem, nsa, o2mag, sdas",
		"--others=b.png --image=a.png":                       "--others says nothing to --generator anomalyany",
		"--generator=nsa --part=nut --image=a.png":           `--part is "nut", want a category of MVTec AD or VisA`,
		"--generator=nsa --object=nut":                       "--image FILE is missing",
		"--generator=nsa --part=screw":                       "--image FILE is missing",
		"--generator=nsa --category=nut --image=a.png":       `--category is "nut", want one of`,
		"--generator=draem2 --image=a.png":                   "--generator must be one of",
		"ablate --generator=nsa":                             "leave --generator out",
		"--generator=nsa --size=-1 --image=a.png":            "--size is -1, want 0 to",
		"--size=0 --image=a.png --object=a --anomaly=crack":  "--size is 0, want 1 to",
	} {
		if _, err := parse(t, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want %q", args, err, says)
		}
	}
}

// TestAnotherGenerator makes a picture of another's photograph, with numbers of its own.
func TestAnotherGenerator(t *testing.T) {
	photograph := grainy(t, "part.png", 64, 64, 1)
	f := asking(t, "--generator=cutpaste", "--image", photograph, "--object=metal nut", "--preset=released", "--shape=dot", "--seed=5")
	runAsked(t, f)
	picture := filepath.Join(f.Out, "metal-nut-cutpaste-0005.png")
	for args, want := range map[string]Spec{
		"--generator=nsa": {Photographs: Photographs{Image: photograph}, Object: "metal nut", Preset: "mended", Seed: 5, Places: Places{Shape: "dot"}, Generating: Generating{Generator: "nsa"}},
		"--generator=anomalyany --anomaly=crack": {Photographs: Photographs{Image: photograph}, Object: "metal nut", Preset: "paper", Seed: 5, Places: Places{Shape: "dot"}, Size: 512,
			Anomaly: []string{"crack"}, Kept: Kept{KeepPart: true}, Generating: Generating{Generator: "anomalyany"}},
		"": {Photographs: Photographs{Image: photograph}, Object: "metal nut", Preset: "released", Seed: 5, Places: Places{Shape: "dot"}, Generating: Generating{Generator: "cutpaste"}},
	} {
		got, err := parse(t, append(strings.Fields(args), "--from", picture)...)
		if err != nil {
			t.Errorf("%s: %v", args, err)
			continue
		}
		got = Spec{Photographs: got.Photographs, Object: got.Object, Preset: got.Preset, Seed: got.Seed, Places: got.Places, Size: got.Size, Anomaly: got.Anomaly,
			Kept: Kept{KeepPart: got.KeepPart && !got.isOther()}, Generating: got.Generating}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", args, diff)
		}
	}
}

// TestOthersNumbers are those that suit each, of --from's picture too.
func TestOthersNumbers(t *testing.T) {
	for name, want := range map[string][3]float64{"nsa": {0, 0.02, 0}, "draem": {0, 0.02, 10}, "cutpaste": {0, 0.02, 10}, "sdas": {512, 0.02, 10}, "anomalyany": {512, 0.2, 20}} {
		f, err := parse(t, "--generator", name, "--image=a.png", "--object=nut", "--anomaly=crack")
		if name != "anomalyany" {
			f, err = parse(t, "--generator", name, "--image=a.png", "--object=nut")
		}
		if got := [3]float64{float64(f.Size), f.MinArea, f.MinInside}; err != nil || got != want {
			t.Errorf("%s: size, least area, least inside %v, want %v: %v", name, got, want, err)
		}
	}
	path := carrying(t, t.TempDir(), `{"format":1,"options":{"generator":"nsa","image":"a.png","size":0,"preset":"mended"}}`)
	if f, err := parse(t, "--from", path); err != nil || f.MinInside != 0 || f.MinArea != 0.02 || f.Generator != "nsa" {
		t.Errorf("%+v, %v", f, err)
	}
}

// TestPartOfACategory takes the authors' numbers where their background is meant.
func TestPartOfACategory(t *testing.T) {
	for args, want := range map[string]string{
		"--category=hazelnut": "hazelnut", "--object=hazelnut": "", "--object=leather": "leather", "--object=wood --part=tile": "tile", "--category=pcb1": "pcb1", "--object=gasket": "",
	} {
		f, err := parse(t, append(strings.Fields(args), "--generator=nsa", "--image=a.png")...)
		if err != nil || f.Part != want || f.Object == "" {
			t.Errorf("%s: part %q of a %q, want %q: %v", args, f.Part, f.Object, want, err)
		}
	}
}

// TestShortLists leaves JSON what it is.
func TestShortLists(t *testing.T) {
	type thing struct {
		Draws []any
		Text  string
		Deep  [][]int
		Of    []map[string]int
	}
	long := strings.Repeat("x", longestList)
	data, err := readable(thing{[]any{[]any{"choice", 3, []int{1, 2}}, []any{long}, []any{`a [b, "c`}}, `[ {"`, [][]int{{1}, {}}, []map[string]int{{"a": 1}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"Draws\": [\n    [\"choice\", 3, [1, 2]],\n    [\n      \"" + long + "\"\n    ],\n    [\"a [b, \\\"c\"]\n  ],\n  \"Text\": \"[ {\\\"\",\n  \"Deep\": [[1], []],\n  \"Of\": [\n    {\n      \"a\": 1\n    }\n  ]\n}\n"
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestTextures has draem take those of a folder, of the program, or none, and --from notices that they are others.
func TestTextures(t *testing.T) {
	photograph, dir := grainy(t, "part.png", 64, 64, 1), filepath.Dir(writePicture(t, "texture.png", 64, 64))
	made := map[string]string{}
	for _, textures := range []string{"", "own", dir} {
		args := []string{"--generator=draem", "--image", photograph, "--seed=3"}
		if textures != "" {
			args = append(args, "--textures", textures)
		}
		f := asking(t, args...)
		runAsked(t, f)
		r := readRecord(t, f, "draem-0003.json")
		if has := r.Inputs["textures"] != ""; has != (textures != "own") {
			t.Errorf("textures %q: the record has the inputs %v", textures, r.Inputs)
		}
		made[string(readFile(t, f.Out, "draem-0003.png"))] = textures
		if textures != dir {
			continue
		}
		if err := os.Rename(grainy(t, "other.png", 64, 64, 2), filepath.Join(dir, "texture.png")); err != nil {
			t.Fatal(err)
		}
		from, err := parse(t, "--from", filepath.Join(f.Out, "draem-0003.png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), from); err == nil || !strings.Contains(err.Error(), "folder of textures") || !strings.Contains(err.Error(), "--textures") {
			t.Errorf("with another texture: %v", err)
		}
	}
	if len(made) != 3 {
		t.Errorf("of three kinds of textures there are %d pictures", len(made))
	}
	if err := run(t.Context(), asking(t, "--generator=draem", "--image", photograph, "--textures", t.TempDir())); err == nil || !strings.Contains(err.Error(), "--textures: ") {
		t.Errorf("of no textures: %v", err)
	}
}

// TestSDAS makes pictures with a model, in a window too, twice the same, and again.
func TestSDAS(t *testing.T) {
	photograph := grainy(t, "part.png", 96, 64, 1)
	sdas := func(args ...string) Spec {
		return asking(t, append(args, "--generator=sdas", "--model", modelA, "--image", photograph, "--size=64", "--steps=4", "--noise=3..4", "--object=cap")...)
	}
	f := sdas("--shape=ellipse", "--n=2")
	for _, f := range []Spec{f, sdas("--shape=ellipse", "--tile")} {
		runAsked(t, f)
		r := readRecord(t, f, "cap-sdas-0000.json")
		if r.Prompt != "a photo of a cap" || len(r.Model) == 0 || len(r.Texts) == 0 || r.Place == nil || r.Scores.CLIP != nil || r.Options.Steps != 4 || r.Options.Noise != "3..4" {
			t.Errorf("the record is %+v", r)
		}
		whole := pngs(t, f.Out)
		for name := range whole {
			if err := os.Remove(filepath.Join(f.Out, name)); err != nil {
				t.Fatal(err)
			}
		}
		f.Resume = true
		runAsked(t, f)
		if diff := cmp.Diff(whole, pngs(t, f.Out)); diff != "" {
			t.Error("a second run makes other pictures")
		}
		from, err := parse(t, "--from", filepath.Join(f.Out, "cap-sdas-0000.png"))
		if err != nil {
			t.Fatal(err)
		}
		runAsked(t, from)
		if made := string(readFile(t, from.Out, "cap-sdas-0000.png")); made != whole["cap-sdas-0000.png"] {
			t.Error("--from makes another picture")
		}
	}
	same := f
	same.Prompt, same.Resume = "a photo of a cap", true // the sentence that is made
	if err := run(t.Context(), same); err != nil {
		t.Error(err)
	}
	for args, says := range map[string]string{"--model=" + modelA + " --image=a.png": "--object WORD is missing", "--model=" + modelA: "--image FILE is missing", "--image=a.png": ""} {
		if _, err := parse(t, append(strings.Fields(args), "--generator=sdas")...); (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error %v, want %q", args, err, says)
		}
	}
}

// TestSDASOfDrawings has the model that comes with the program err.
func TestSDASOfDrawings(t *testing.T) {
	embedModel(t)
	f := asking(t, "--generator=sdas", "--n=1", "--noise=3..4")
	if f.Size != 64 || f.Steps != 20 || f.Guidance != 1 || !f.isDemo() {
		t.Errorf("%d pixels, %d steps, guidance %g", f.Size, f.Steps, f.Guidance)
	}
	if err := demonstrate(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if r := readRecord(t, f, "hazelnut-sdas-0000.json"); !strings.Contains(r.Prompt, "hazelnut") || strings.Contains(r.Prompt, "crack") {
		t.Errorf("the prompt is %q", r.Prompt)
	}
}
