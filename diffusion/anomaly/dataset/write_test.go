package dataset

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly"
)

// sample is a picture of 8×4 pixels of one colour, with a mask where a defect is named.
func sample(shade uint8, defect string, mask ...string) anomaly.Sample {
	m := image.NewRGBA(image.Rect(0, 0, 8, 4))
	for i := range m.Pix {
		m.Pix[i] = shade
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	s := anomaly.Sample{Picture: m, Defect: defect, Path: fmt.Sprintf("%d.png", shade)}
	if defect != "" {
		s.Mask = drawn(mask...)
	}
	return s
}

var (
	spot  = []string{"........", ".##.....", "........", "........"}
	spots = []string{"###.....", "#.#.....", "###....#", "........"}
	blank = []string{"........", "........", "........", "........"}
)

// nuts are pictures of so many photographs: of each the photograph, a crack and two spots of dirt.
func nuts(photographs int) (all []Entry) {
	for i := range photographs {
		source, shade := fmt.Sprintf("photograph %d", i), uint8(10*i)
		all = append(all,
			NewEntry("metal nut", source, sample(shade, "")),
			NewEntry("metal nut", source, sample(shade+1, "Crack", spot...)),
			NewEntry("metal nut", source, sample(shade+2, "dirt & dust", spots...)))
	}
	for i := range all {
		if all[i].Defect != "" {
			all[i].Prompt, all[i].Seed, all[i].Scores = "a photo", uint64(i), map[string]float64{"focus": 0.5}
		}
	}
	return all
}

// write writes a data set and returns its files.
func write(t *testing.T, dir string, items []Entry, o Options) (map[string]string, *Summary) {
	t.Helper()
	s, err := Write(t.Context(), dir, items, o)
	if err != nil {
		t.Fatal(err)
	}
	return filesOf(t, dir), s
}

// filesOf are the files below a folder, by their names with slashes; an empty folder has a name that
// ends in a slash. Nothing temporary may be left beside it.
func filesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if !d.IsDir() {
			data, err := os.ReadFile(path)
			all[name] = string(data)
			return err
		}
		if within, err := os.ReadDir(path); err != nil || len(within) == 0 {
			all[name+"/"] = ""
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if beside, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".sdgraph*")); err != nil || len(beside) > 0 {
		t.Errorf("left are %v (%v)", beside, err)
	}
	return all
}

func names(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

// TestNames has the files of every layout, of four photographs, one of which is for testing.
func TestNames(t *testing.T) {
	want := map[Layout]string{
		MVTec: `metal_nut/ground_truth/crack/000_mask.png metal_nut/ground_truth/dirt_dust_HASH/000_mask.png
			metal_nut/test/crack/000.png metal_nut/test/dirt_dust_HASH/000.png metal_nut/test/good/000.png
			metal_nut/train/good/000.png metal_nut/train/good/001.png metal_nut/train/good/002.png provenance.jsonl`,
		Anomalib: `metal_nut/abnormal/crack-000.png metal_nut/abnormal/dirt_dust_HASH-000.png
			metal_nut/mask/crack-000.png metal_nut/mask/dirt_dust_HASH-000.png
			metal_nut/normal/good-000.png metal_nut/normal/good-001.png metal_nut/normal/good-002.png metal_nut/normal_test/good-000.png provenance.jsonl`,
		YOLO: `data.yaml
			images/train/metal_nut-crack-000.png images/train/metal_nut-crack-001.png images/train/metal_nut-crack-002.png
			images/train/metal_nut-dirt_dust_HASH-000.png images/train/metal_nut-dirt_dust_HASH-001.png images/train/metal_nut-dirt_dust_HASH-002.png
			images/train/metal_nut-good-000.png images/train/metal_nut-good-001.png images/train/metal_nut-good-002.png
			images/val/metal_nut-crack-003.png images/val/metal_nut-dirt_dust_HASH-003.png images/val/metal_nut-good-003.png
			labels/train/metal_nut-crack-000.txt labels/train/metal_nut-crack-001.txt labels/train/metal_nut-crack-002.txt
			labels/train/metal_nut-dirt_dust_HASH-000.txt labels/train/metal_nut-dirt_dust_HASH-001.txt labels/train/metal_nut-dirt_dust_HASH-002.txt
			labels/train/metal_nut-good-000.txt labels/train/metal_nut-good-001.txt labels/train/metal_nut-good-002.txt
			labels/val/metal_nut-crack-003.txt labels/val/metal_nut-dirt_dust_HASH-003.txt labels/val/metal_nut-good-003.txt provenance.jsonl`,
		COCO: `annotations/instances_train.json annotations/instances_val.json
			images/train/metal_nut-crack-000.png images/train/metal_nut-crack-001.png images/train/metal_nut-crack-002.png
			images/train/metal_nut-dirt_dust_HASH-000.png images/train/metal_nut-dirt_dust_HASH-001.png images/train/metal_nut-dirt_dust_HASH-002.png
			images/train/metal_nut-good-000.png images/train/metal_nut-good-001.png images/train/metal_nut-good-002.png
			images/val/metal_nut-crack-003.png images/val/metal_nut-dirt_dust_HASH-003.png images/val/metal_nut-good-003.png provenance.jsonl`,
	}
	dirt := slug("dirt & dust")
	for _, layout := range Layouts() {
		got, s := write(t, filepath.Join(t.TempDir(), "set"), nuts(4), Options{Layout: layout, Train: 0.75})
		if diff := cmp.Diff(strings.Fields(strings.ReplaceAll(want[layout], "dirt_dust_HASH", dirt)), names(got)); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", layout, diff)
		}
		counts := Summary{Train: Count{3, 3, 6}, Test: Count{1, 1, 2}, Classes: []string{"crack", "dirt & dust"}}
		if layout == MVTec || layout == Anomalib {
			counts.Train.Defective, counts.Unused = 0, 6
		}
		if diff := cmp.Diff(&counts, s); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", layout, diff)
		}
		checkProvenance(t, layout, got)
	}
}

// checkProvenance wants a line for each picture, which names its files and what is known of it, and
// never a photograph on both sides.
func checkProvenance(t *testing.T, layout Layout, all map[string]string) {
	t.Helper()
	known := map[string]bool{provenanceName: true}
	sides := map[string]bool{}
	for n, text := range strings.Split(strings.TrimSpace(all[provenanceName]), "\n") {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		for name := range l.Files {
			known[name] = true
		}
		if n == 0 {
			continue
		}
		if before, ok := sides[l.Source]; ok && before != l.Training {
			t.Errorf("%s: %s is on both sides", layout, l.Source)
		}
		sides[l.Source] = l.Training
		if (l.Defect != "") != (l.Made != nil) || (l.Defect != "") != (len(l.Regions) > 0) || l.Part != "metal nut" {
			t.Errorf("%s: %s", layout, text)
		}
		if l.Made != nil && (l.Made.Prompt != "a photo" || l.Made.Seed == 0 || l.Made.Scores == nil) {
			t.Errorf("%s: %s", layout, text)
		}
		for _, of := range []string{l.Picture, l.Mask, l.Label} {
			if of != "" && l.Files[of] == "" {
				t.Errorf("%s: %s is not among the files of %s", layout, of, text)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(known)), slices.DeleteFunc(names(all), func(s string) bool { return strings.HasSuffix(s, "/") })); diff != "" {
		t.Errorf("%s: known -, there +:\n%s", layout, diff)
	}
}

// TestPictures wants the bytes of a picture as they were read, and masks of 0 and 255 of the
// picture with the same number.
func TestPictures(t *testing.T) {
	items := nuts(2)
	soft := sample(77, "crack", spot...)
	for i, v := range soft.Mask.Pix {
		if v == 0 {
			soft.Mask.Pix[i] = 127
		} else {
			soft.Mask.Pix[i] = 128
		}
	}
	items = append(items, NewEntry("metal nut", items[0].Source, soft), NewEntry("metal nut", items[3].Source, soft))
	all, _ := write(t, filepath.Join(t.TempDir(), "set"), items, Options{Layout: MVTec, Train: 0.5})
	data, _, err := items[6].Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if all["metal_nut/test/crack/001.png"] != string(data) {
		t.Error("the picture was written otherwise than it was read")
	}
	m, err := png.Decode(strings.NewReader(all["metal_nut/ground_truth/crack/001_mask.png"]))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := m.(*image.Gray); !ok || !bytes.Equal(got.Pix, drawn(spot...).Pix) {
		t.Errorf("the mask is %v", m)
	}
}

func TestYOLO(t *testing.T) {
	all, _ := write(t, filepath.Join(t.TempDir(), "set"), nuts(2), Options{Layout: YOLO, Train: 0.5})
	side := "train"
	if all["labels/val/metal_nut-crack-000.txt"] != "" {
		side = "val"
	}
	dirt := slug("dirt & dust")
	for name, want := range map[string]string{
		"data.yaml": "# Paths are relative to this file.\ntrain: images/train\nval: images/val\nnames:\n  0: \"crack\"\n  1: \"dirt \\u0026 dust\"\n",
		"labels/" + side + "/metal_nut-crack-000.txt": "0 0.125 0.25 0.375 0.25 0.375 0.5 0.125 0.5\n",
		"labels/" + side + "/metal_nut-good-000.txt":  "",
		"labels/" + side + "/metal_nut-" + dirt + "-000.txt": "1 0 0 0.375 0 0.375 0.75 0 0.75 0 0.25 0.125 0.25 0.125 0.5 0.25 0.5 0.25 0.25 0 0.25\n" +
			"1 0.875 0.5 1 0.5 1 0.75 0.875 0.75\n",
	} {
		if got := all[name]; got != want {
			t.Errorf("%s is\n%s, want\n%s", name, got, want)
		}
	}
}

func TestCOCO(t *testing.T) {
	all, _ := write(t, filepath.Join(t.TempDir(), "set"), nuts(1), Options{Layout: COCO, Train: 0.5})
	want := `{"info":{"description":"pictures of generated defects"},` +
		`"images":[{"id":1,"file_name":"metal_nut-good-000.png","width":8,"height":4},{"id":2,"file_name":"metal_nut-crack-000.png","width":8,"height":4},` +
		`{"id":3,"file_name":"metal_nut-` + slug("dirt & dust") + `-000.png","width":8,"height":4}],` +
		`"annotations":[{"id":1,"image_id":2,"category_id":1,"segmentation":[[1,1,3,1,3,2,1,2]],"area":2,"bbox":[1,1,2,1],"iscrowd":0},` +
		`{"id":2,"image_id":3,"category_id":2,"segmentation":[[0,0,3,0,3,3,0,3,0,1,1,1,1,2,2,2,2,1,0,1]],"area":8,"bbox":[0,0,3,3],"iscrowd":0},` +
		`{"id":3,"image_id":3,"category_id":2,"segmentation":[[7,2,8,2,8,3,7,3]],"area":1,"bbox":[7,2,1,1],"iscrowd":0}],` +
		`"categories":[{"id":1,"name":"crack","supercategory":"defect"},{"id":2,"name":"dirt \u0026 dust","supercategory":"defect"}]}`
	if got := all["annotations/instances_train.json"]; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := all["annotations/instances_val.json"]; !strings.Contains(got, `"images":[],"annotations":[],"categories":[{"id":1`) {
		t.Errorf("of no pictures: %s", got)
	}
}

// TestOnePhotograph is on one side, and a note says so.
func TestOnePhotograph(t *testing.T) {
	for layout, want := range map[Layout]struct{ empty, says string }{
		MVTec:    {"metal_nut/train/good/", "there is one photograph of metal_nut alone, and it is for testing: put other normal photographs of the part into train/good"},
		Anomalib: {"metal_nut/normal/", "for testing: put other normal photographs of the part into normal"},
		YOLO:     {"images/val/", "there is one photograph alone, and it is for training: put pictures of others"},
		COCO:     {"images/val/", "for training: there is nothing to validate with"},
	} {
		all, s := write(t, filepath.Join(t.TempDir(), "set"), nuts(1), Options{Layout: layout, Train: 0.8})
		if _, ok := all[want.empty]; !ok || len(s.Notes) != 1 || !strings.Contains(s.Notes[0], want.says) {
			t.Errorf("%s: %v; notes %q", layout, names(all), s.Notes)
		}
		if min(s.Train.Photographs, s.Test.Photographs) != 0 || s.Unused != 0 {
			t.Errorf("%s: %+v", layout, s)
		}
	}
}

// TestSplit wants the share that was asked for, other photographs for other seeds, and most of them
// on their side when others come.
func TestSplit(t *testing.T) {
	training := func(photographs int, o Options) (names []string) {
		s, _ := o.split(nuts(photographs))
		for p, train := range s {
			if train {
				names = append(names, p.source)
			}
		}
		slices.Sort(names)
		return names
	}
	for _, c := range []struct {
		photographs int
		share       float64
		want        int
	}{{10, 0.8, 8}, {10, 0, 0}, {10, 1, 10}, {2, 0.99, 1}, {2, 0.01, 1}, {3, 0.8, 2}, {1, 0, 0}, {1, 1, 1}} {
		if got := training(c.photographs, Options{Layout: YOLO, Train: c.share}); len(got) != c.want {
			t.Errorf("%d of %d photographs for %g, want %d", len(got), c.photographs, c.share, c.want)
		}
	}
	one, other := training(20, Options{Train: 0.5}), training(20, Options{Train: 0.5, Seed: 1})
	if slices.Equal(one, other) {
		t.Error("another seed draws the same photographs")
	}
	stay := 0
	for _, name := range training(20, Options{Train: 0.5}) {
		if slices.Contains(training(22, Options{Train: 0.5}), name) {
			stay++
		}
	}
	if stay < 8 {
		t.Errorf("%d of 10 photographs stay where they were", stay)
	}
	reversed := nuts(20)
	slices.Reverse(reversed)
	o := Options{Train: 0.5}
	s, _ := o.split(nuts(20))
	if r, _ := o.split(reversed); !maps.Equal(s, r) {
		t.Error("the order of the items matters")
	}
}

// TestLeftOut are pictures with empty masks, and nothing but a gap in no name tells of them.
func TestLeftOut(t *testing.T) {
	items := nuts(2)
	items = slices.Insert(items, 1, NewEntry("metal nut", items[0].Source, sample(99, "crack", blank...)), NewEntry("metal nut", items[3].Source, sample(99, "crack", blank...)))
	all, s := write(t, filepath.Join(t.TempDir(), "set"), items, Options{Layout: MVTec, Train: 0.5})
	if s.Empty != 2 || s.Test.Defective != 2 || all["metal_nut/test/crack/000.png"] == "" || all["metal_nut/test/crack/001.png"] != "" {
		t.Errorf("%+v: %v", s, names(all))
	}
	_, err := Write(t.Context(), filepath.Join(t.TempDir(), "set"), items[:2], Options{Layout: YOLO, Train: 0.5})
	if err == nil || !strings.Contains(err.Error(), "1 have an empty mask") {
		t.Errorf("nothing but an empty mask: %v", err)
	}
	_, err = Write(t.Context(), filepath.Join(t.TempDir(), "set"), nuts(2), Options{Layout: Anomalib, Train: 1})
	if err == nil || !strings.Contains(err.Error(), "the photographs of 4 are for training") {
		t.Errorf("nothing for testing: %v", err)
	}
}

// TestAgain replaces an earlier data set, whose files are the same for the same items.
func TestAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "set")
	o := Options{Layout: YOLO, Train: 0.5}
	first, _ := write(t, dir, nuts(3), o)
	if again, _ := write(t, dir, nuts(3), o); !maps.Equal(first, again) {
		t.Error("the same items give other files")
	}
	if err := os.WriteFile(filepath.Join(dir, "labels", "train.cache"), nil, 0o600); err != nil { // as trainers do
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "data.yaml")); err != nil {
		t.Fatal(err)
	}
	fewer, _ := write(t, dir, nuts(2), o)
	want, _ := write(t, filepath.Join(t.TempDir(), "set"), nuts(2), o)
	if diff := cmp.Diff(names(want), names(fewer)); diff != "" {
		t.Errorf("alone -, in the place of another +:\n%s", diff)
	}
}

// TestNotOwn refuses to replace what is not a data set of this package as it was written, and leaves
// all as it is.
func TestNotOwn(t *testing.T) {
	add := func(name, text string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	}
	for says, change := range map[string]func(dir string) error{
		"notes.txt is not a file of this data set":      add("notes.txt", ""),
		"data.yaml was changed since":                   add("data.yaml", "names: {}"),
		"train.cache is not a file of this data set":    add("train.cache", ""),
		`the format in provenance.jsonl is ""`:          add(provenanceName, "{}"),
		"it is one in layout \"coco\"":                  add(provenanceName, `{"format": "`+format+`", "layout": "coco"}`),
		"line 1 of provenance.jsonl is not of this":     add(provenanceName, "hello"),
		"token too long":                                add(provenanceName, strings.Repeat("x", longestLine+1)),
		"labels/val is not a file of this data set":     func(dir string) error { return replace(filepath.Join(dir, "labels", "val"), dir) },
		"data.yaml is not a file of this data set":      func(dir string) error { return os.Remove(filepath.Join(dir, provenanceName)) },
		"set is not a folder, and would be overwritten": func(dir string) error { return replace(dir, t.TempDir()) },
		"provenance.jsonl is no regular file":           func(dir string) error { return replace(filepath.Join(dir, provenanceName), dir) },
	} {
		dir := filepath.Join(t.TempDir(), "set")
		o := Options{Layout: YOLO, Train: 0.5}
		write(t, dir, nuts(1), o)
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadDir(dir)
		_, err := Write(t.Context(), dir, nuts(2), o)
		if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), says) {
			t.Errorf("%v, want %q", err, says)
		}
		if after, _ := os.ReadDir(dir); len(after) != len(before) {
			t.Errorf("%s: %v is now %v", says, before, after)
		}
	}
}

// replace puts a link in the place of what lies at path.
func replace(path, to string) error { return errors.Join(os.RemoveAll(path), os.Symlink(to, path)) }

// TestFails leaves what there was, and nothing half-written.
func TestFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "set")
	o := Options{Layout: COCO, Train: 0.5}
	before, _ := write(t, dir, nuts(2), o)
	ctx, stop := context.WithCancel(t.Context())
	o.Progress = func(done, all int) {
		if done == 2 {
			stop()
		}
	}
	if _, err := Write(ctx, dir, nuts(3), o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	o.Progress = nil
	broken := nuts(3)
	broken[4].Read = func(context.Context) ([]byte, *image.Gray, error) { return nil, nil, fs.ErrNotExist }
	if _, err := Write(t.Context(), dir, broken, o); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "picture 5 of the data set, 11.png:") {
		t.Errorf("error %v", err)
	}
	if after := filesOf(t, dir); !maps.Equal(before, after) {
		t.Error("the earlier data set is another")
	}
}

// TestItems refuses pictures and masks that do not go together.
func TestItems(t *testing.T) {
	normal, cracked := sample(1, ""), sample(1, "crack", spot...)
	other := cracked
	other.Mask = drawn("#")
	unnamed := cracked
	unnamed.Defect = ""
	unmasked := cracked
	unmasked.Mask = nil
	bad := NewEntry("nut", "a", cracked)
	bad.Read = func(context.Context) ([]byte, *image.Gray, error) { return []byte("GIF89a"), cracked.Mask, nil }
	for says, it := range map[string]Entry{
		"its mask has 1×1 pixels, want the picture's 8×4": NewEntry("nut", "a", other),
		"a mask and no defect":                            NewEntry("nut", "a", unnamed),
		"a defect and no mask":                            NewEntry("nut", "a", unmasked),
		"want a PNG file":                                 bad,
		"want a function Read":                            {Defect: "crack"},
	} {
		items := []Entry{NewEntry("nut", "a", normal), NewEntry("nut", "a", cracked), it}
		_, err := Write(t.Context(), filepath.Join(t.TempDir(), "set"), items, Options{Layout: MVTec, Train: 0})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestPathNote(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Größe", "set")
	if _, s := write(t, dir, nuts(2), Options{Layout: Anomalib, Train: 0.5}); len(s.Notes) != 1 || !strings.Contains(s.Notes[0], "'ö'") {
		t.Errorf("notes %q", s.Notes)
	}
	if _, s := write(t, dir+"2", nuts(2), Options{Layout: YOLO, Train: 0.5}); len(s.Notes) != 0 {
		t.Errorf("notes %q", s.Notes)
	}
}

func TestSlug(t *testing.T) {
	for words, want := range map[string]string{
		"crack": "crack", "Metal  Nut ": "metal_nut", "well-worn": "well_worn", "metal_nut": "metal_nut", "pcb4": "pcb4",
		"good": "good_", "": "", "猫": "", "c++": "c_", "con": "con_", "../x": "x_", strings.Repeat("ab", 50): strings.Repeat("ab", 15) + "a_",
	} {
		got := slug(words)
		hashed := want == "" || strings.HasSuffix(want, "_")
		if !hashed && got != want || hashed && (!strings.HasPrefix(got, want) || len(got) != len(want)+8) {
			t.Errorf("%q is %q, want %q", words, got, want)
		}
	}
	if slug("猫") == slug("犬") || slug("c++") == slug("c#") {
		t.Error("other words have the same name")
	}
}

// TestManyNames have as many digits as they need.
func TestManyNames(t *testing.T) {
	w, err := newWriter(filepath.Join(t.TempDir(), "set"), make([]Entry, 1001), Options{Layout: YOLO})
	if err != nil {
		t.Fatal(err)
	}
	defer w.discard()
	if got := w.number("a") + w.number("a") + w.number("b"); got != "000000010000" {
		t.Errorf("numbers %s", got)
	}
}

// TestGrey wants a grey picture to stay one.
func TestGrey(t *testing.T) {
	var b bytes.Buffer
	grey := image.NewGray(image.Rect(0, 0, 8, 4))
	grey.SetGray(1, 1, color.Gray{Y: 7})
	if err := png.Encode(&b, grey); err != nil {
		t.Fatal(err)
	}
	it := Entry{Part: "nut", Defect: "crack", Source: "a", Read: func(context.Context) ([]byte, *image.Gray, error) { return b.Bytes(), drawn(spot...), nil }}
	all, _ := write(t, filepath.Join(t.TempDir(), "set"), []Entry{it}, Options{Layout: COCO, Train: 1})
	if all["images/train/nut-crack-000.png"] != b.String() {
		t.Error("it is another")
	}
}
