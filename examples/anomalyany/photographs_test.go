package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/examples/internal/photos"
	"github.com/sdgraph/sdgraph/tensor/images"
)

// filled makes a folder with empty files, and with folders whose names end in a slash.
func filled(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(path), 0o700)
		if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o700)
		} else if err == nil {
			err = os.WriteFile(path, []byte(name), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestPhotographs: a folder stands for its pictures, in the order of their bytes.
func TestPhotographs(t *testing.T) {
	dir := filled(t, "b.png", "a,b.JPG", "ä.webp", "Z.tiff", ".hidden.png", "notes.txt", "inside/c.png", "png")
	at := func(names ...string) (all []string) {
		for _, name := range names {
			all = append(all, filepath.Join(dir, filepath.FromSlash(name)))
		}
		return all
	}
	for name, c := range map[string]struct{ given, want []string }{
		"folder": {[]string{dir}, at("Z.tiff", "a,b.JPG", "b.png", "ä.webp")},
		"file":   {at("inside/c.png", "b.png"), at("inside/c.png", "b.png")},
		"both":   {[]string{at("b.png")[0], dir, dir + "/inside/../b.png", at("inside")[0]}, at("b.png", "Z.tiff", "a,b.JPG", "ä.webp", "inside/c.png")},
		"any":    {at("notes.txt"), at("notes.txt")}, // reading it will say what it is
	} {
		got, err := photos.List(os.Stderr, c.given)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s (%v): want -, got +:\n%s", name, err, diff)
		}
	}
	if _, err := photos.List(os.Stderr, []string{filled(t, "a.txt")}); err == nil || !strings.Contains(err.Error(), "there is no picture in the folder") {
		t.Errorf("a folder without pictures: %v", err)
	}
}

// TestCommandLineOfMany takes photographs as flags and arguments, with commas in
// their names.
func TestCommandLineOfMany(t *testing.T) {
	dir := filled(t, "a,b.png", "c.png", "d.png")
	a, c, d := filepath.Join(dir, "a,b.png"), filepath.Join(dir, "c.png"), filepath.Join(dir, "d.png")
	words := []string{"--model", modelA, "--object=nut", "--anomaly=crack"}
	for name, given := range map[string]struct {
		args, want []string
	}{
		"one":       {[]string{"--image", a}, []string{a}},
		"flags":     {[]string{"--image", a, "--image=" + c}, []string{a, c}},
		"arguments": {[]string{a, c}, []string{a, c}},
		"a pattern": {[]string{"--image", a, c, d}, []string{a, c, d}},
		"a command": {[]string{"make", c, d}, []string{c, d}},
		"a folder":  {[]string{dir}, []string{a, c, d}},
	} {
		f, err := parse(t, append(slices.Clone(words), given.args...)...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		all, err := f.each(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, of := range all {
			got = append(got, of.Image)
			if alone := name == "one"; (of.Label == "") != alone || of.Images != nil {
				t.Errorf("%s: label %q, images %q", name, of.Label, of.Images)
			}
		}
		if diff := cmp.Diff(given.want, got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
	if _, err := parse(t, append(words, "ablatt")...); err == nil || !strings.Contains(err.Error(), `"ablatt" is no command`) || !strings.HasSuffix(err.Error(), `; did you mean "ablate"?`) {
		t.Errorf("a command that there is not: %v", err)
	}
	f := Spec{Photographs: Photographs{Image: dir}, N: mostPictures}
	if _, err := f.each(t.Context()); err == nil || !strings.Contains(err.Error(), "there are 3 photographs: want at most 1000000 pictures") {
		t.Errorf("too many pictures: %v", err)
	}
}

// TestLabels tell photographs of one name apart by what is in them.
func TestLabels(t *testing.T) {
	dir := filled(t, "a/Nut 1.png", "b/Nut 1.png", "a/nut2.png", "b/…….png")
	if err := os.MkdirAll(filepath.Join(dir, "c"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "c", "nut-1.png"), readFile(t, dir, "a", "Nut 1.png"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := Spec{Photographs: Photographs{Images: []string{filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")}}, N: 1, Object: "nut", Out: "out"}
	all, err := f.each(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, of := range all {
		got = append(got, filepath.Base(of.stem(3)))
	}
	want := []string{"nut-nut-1-f08f47ad-0003", "nut-nut2-0003", "nut-nut-1-450c6a68-0003", "nut-" + all[3].Label + "-0003"} // the copy in c is passed over
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	all[1].Run = 2
	if got := filepath.Base(all[1].stem(3)); got != "nut-run2-nut2-0003" {
		t.Errorf("in a second run it is called %s", got)
	}
}

// TestMasksByName: a folder has a mask for each photograph, or masks for all in turn.
func TestMasksByName(t *testing.T) {
	dir := filled(t, "nuts/a.png", "nuts/b.png", "masks/a.bmp", "masks/b_mask.png", "masks/b.png", "masks/c.png", "some/a.png", "other/1.png", "nuts/a_mask.png", "nuts/b-mask.png")
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	nuts := []string{at("nuts/a.png"), at("nuts/b.png")}
	for folder, want := range map[string][]string{
		at("masks"):       {at("masks/a.bmp"), at("masks/b_mask.png")},
		at("nuts"):        {at("nuts/a_mask.png"), at("nuts/b-mask.png")},
		at("some"):        {at("some"), at("some")}, // has none of b
		at("other"):       {at("other"), at("other")},
		at("masks/a.bmp"): {at("masks/a.bmp"), at("masks/a.bmp")}, // the same for all
		autoMask:          {autoMask, autoMask},
	} {
		f := Spec{Photographs: Photographs{Images: nuts}, N: 1, Mask: folder}
		all, err := f.each(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := []string{all[0].Mask, all[1].Mask}; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", folder, got, want)
		}
	}
}

// manyPhotographs makes a folder with photographs, no two of them the same.
func manyPhotographs(t *testing.T, n, width, height int) string {
	t.Helper()
	dir := t.TempDir()
	m, err := images.Read(t.Context(), writePicture(t, "nut.png", width, height))
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		m.Set(i%width, i/width, color.White)
		name := fmt.Sprintf("nut%02d.png", i)
		if err := os.Rename(save(t, name, m), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// ofFolder is the Spec of a run over a folder.
func ofFolder(f Spec, dir string) Spec {
	f.Image = dir
	return f
}
