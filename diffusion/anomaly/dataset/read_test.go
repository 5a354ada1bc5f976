package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/tensor"
	"github.com/sdgraph/sdgraph/tensor/images"
)

type reader func(fs.FS) ([]Category, []string, error)

// readByAnomalib is what anomalib's readers have found in a tree of testdata.
type readByAnomalib struct {
	Image, Split, Mask string
	Anomalous          bool
}

// TestTrees reads small trees of each layout, with every kind of mask that turns up, as anomalib does.
func TestTrees(t *testing.T) {
	data, err := os.ReadFile("testdata/trees/index.json")
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Read   map[string][]readByAnomalib `json:"read_by_anomalib"`
		Pixels map[string]int              `json:"mask_pixels"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, tree, category string
		read                 reader
	}{
		{"mvtec_ad/metal_nut", "mvtec_ad", "metal_nut", MVTecAD},
		{"visa_pytorch/candle", "visa_pytorch", "candle", VisA},
		{"btad/01", "btad", "01", BTAD},
		{"mpdd/tubes", "mpdd", "tubes", MPDD},
		{"folder", "folder", "part", Folder},
	} {
		root := os.DirFS("testdata/trees/" + c.tree)
		all, notes, err := c.read(root)
		if err != nil || len(all) != 1 || len(notes) > 0 || all[0].Name != c.category {
			t.Fatalf("%s: %d categories, notes %q, %v", c.name, len(all), notes, err)
		}
		var got []readByAnomalib
		for split, items := range map[string][]Item{"train": all[0].Train, "test": all[0].Test} {
			for s, err := range Samples(root, items) {
				if err != nil {
					t.Fatal(err)
				}
				it := items[slices.IndexFunc(items, func(it Item) bool { return it.Picture == s.Path })]
				r := readByAnomalib{Image: c.tree + "/" + it.Picture, Split: split, Anomalous: s.Defect != ""}
				if r.Anomalous {
					r.Mask = c.tree + "/" + it.Mask
					if got, want := pixels(s.Mask), index.Pixels[r.Mask]; got != want {
						t.Errorf("%s marks %d pixels, want %d", r.Mask, got, want)
					}
				}
				got = append(got, r)
			}
		}
		slices.SortFunc(got, func(a, b readByAnomalib) int { return strings.Compare(a.Image, b.Image) })
		if diff := cmp.Diff(index.Read[c.name], got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", c.name, diff)
		}
	}
}

func pixels(mask *image.Gray) (n int) {
	for _, v := range mask.Pix {
		n += int(v) / 255
	}
	return n
}

// TestVisAForms reads the published form and the reorganised one: the same pictures and masks.
func TestVisAForms(t *testing.T) {
	published, reorganised := os.DirFS("testdata/trees/visa"), os.DirFS("testdata/trees/visa_pytorch")
	within := fstest.MapFS{} // in a folder 1cls, as the authors' program writes it
	err := fs.WalkDir(reorganised, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(reorganised, p)
		within["1cls/"+p] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := contentOf(t, published, "anomaly")
	for name, root := range map[string]fs.FS{"reorganised": reorganised, "1cls": within} {
		if diff := cmp.Diff(want, contentOf(t, root, "bad")); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", name, diff)
		}
	}
}

// contentOf is what a tree of VisA has, without the paths and the word for the defect.
func contentOf(t *testing.T, root fs.FS, defect string) (all []string) {
	t.Helper()
	categories, _, err := VisA(root)
	if err != nil || len(categories) != 1 {
		t.Fatalf("%d categories, %v", len(categories), err)
	}
	c := categories[0]
	for i, items := range [][]Item{c.Train, c.Test} {
		for s, err := range Samples(root, items) {
			if err != nil {
				t.Fatal(err)
			}
			line := fmt.Sprint(c.Name, i, s.Picture.Pix, s.Defect == defect)
			if s.Mask != nil {
				line += fmt.Sprint(s.Mask.Pix)
			}
			all = append(all, line)
		}
	}
	return all
}

// TestWrittenIsRead writes data sets, and reads the same pictures and masks.
func TestWrittenIsRead(t *testing.T) {
	for layout, read := range map[Layout]reader{MVTec: MVTecAD, Anomalib: Folder} {
		entries := nuts(4)
		dir := filepath.Join(t.TempDir(), "set")
		if _, err := Write(t.Context(), dir, entries, Options{Layout: layout, Train: 0.5}); err != nil {
			t.Fatal(err)
		}
		root := os.DirFS(dir)
		all, notes, err := read(root)
		if err != nil || len(all) != 1 || len(notes) > 0 || all[0].Name != "metal_nut" || len(all[0].Train) != 2 || len(all[0].Test) != 6 {
			t.Fatalf("%s: %+v, notes %q, %v", layout, all, notes, err)
		}
		left := map[string]string{} // what was written, by the picture
		for _, e := range entries {
			c, err := e.read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			left[string(c.png)] = fmt.Sprint(e.Defect != "", c.mask)
		}
		for _, it := range slices.Concat(all[0].Train, all[0].Test) {
			file, err := fs.ReadFile(root, it.Picture)
			if err != nil {
				t.Fatal(err)
			}
			for s, err := range Samples(root, []Item{it}) {
				if err != nil {
					t.Fatal(err)
				}
				if got, want := fmt.Sprint(s.Defect != "", s.Mask), left[string(file)]; got != want {
					t.Errorf("%s: %s is %s, want %s", layout, it.Picture, got, want)
				}
			}
			if layout == MVTec && it.Defect != "" && it.Defect != slug("Crack") && it.Defect != slug("dirt & dust") {
				t.Errorf("%s has a %s", it.Picture, it.Defect)
			}
			delete(left, string(file))
		}
		if len(left) != 4 { // the defective ones of two photographs, which are for training
			t.Errorf("%s: %d pictures were not read, want 4", layout, len(left))
		}
	}
}

// tree is a file system of empty files.
func tree(names ...string) fstest.MapFS {
	root := fstest.MapFS{}
	for _, name := range names {
		root[name] = &fstest.MapFile{}
	}
	return root
}

// picturesOf are the pictures and masks of items.
func picturesOf(items []Item) string {
	var all []string
	for _, it := range items {
		name := it.Picture
		if it.Defect != "" {
			name += "|" + it.Mask + "|" + it.Defect
		}
		all = append(all, name)
	}
	return strings.Join(all, " ")
}

// TestNamesOfFiles has names that sort differently, in other cases, hidden, and of other things.
func TestNamesOfFiles(t *testing.T) {
	all, notes, err := MVTecAD(tree(
		"nut/train/good/2.PNG", "nut/train/good/10.jpg", "nut/train/good/Thumbs.db", "nut/train/good/.DS_Store", "nut/train/good/._2.png", "nut/train/good/notes.txt", "nut/license.txt",
		"nut/test/a-b/2.png", "nut/test/a/1.png", "nut/test/a/1_.png", "nut/test/a/10.Tif", "nut/test/good/0.png",
		"nut/ground_truth/a-b/2.png", "nut/ground_truth/a/10_mask.PNG", "nut/ground_truth/a/1__mask.png", "nut/ground_truth/a/1_mask.png", "nut/ground_truth/a/7_mask.png",
		"cable/train/good/0.png", "Zip/train/good/.keep", "textures/a.png", ".git/train/good/0.png", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Category{
		{Name: "Zip"},
		{Name: "cable", Train: []Item{{Picture: "cable/train/good/0.png"}}},
		{"nut", []Item{{Picture: "nut/train/good/10.jpg"}, {Picture: "nut/train/good/2.PNG"}}, []Item{
			{"nut/test/a-b/2.png", "nut/ground_truth/a-b/2.png", "a-b"},
			{"nut/test/a/1.png", "nut/ground_truth/a/1_mask.png", "a"},
			{"nut/test/a/10.Tif", "nut/ground_truth/a/10_mask.PNG", "a"},
			{"nut/test/a/1_.png", "nut/ground_truth/a/1__mask.png", "a"},
			{Picture: "nut/test/good/0.png"},
		}},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"Zip/train/good has no pictures", "Zip has no folder test", "cable has no folder test",
		"nut/train/good has what is no picture, passed over: nut/train/good/notes.txt",
		"masks of no picture, passed over: nut/ground_truth/a/7_mask.png",
		"textures is passed over: it has no folder train/good",
	}, notes); diff != "" {
		t.Errorf("notes, want -, got +:\n%s", diff)
	}
}

// TestFolderForms reads a folder of one's own with flat masks, with folders of masks, and of several parts.
func TestFolderForms(t *testing.T) {
	for _, c := range []struct {
		root  fstest.MapFS
		names string
		test  string
	}{
		{tree("good/0.png", "good_test/1.png", "crack/2.png", "hole/3.png", "mask/2.png", "mask/3_mask.png"),
			"part", "crack/2.png|mask/2.png|crack good_test/1.png hole/3.png|mask/3_mask.png|hole"},
		{tree("good/0.png", "crack/2.png", "hole/2.png", "ground_truth/crack/2.png", "ground_truth/hole/2.png"),
			"part", "crack/2.png|ground_truth/crack/2.png|crack hole/2.png|ground_truth/hole/2.png|hole"},
		{tree("b/normal/0.png", "b/x/1.png", "b/masks/1.png", "a/good/0.png", "c/0.png"),
			"a b", "b/x/1.png|b/masks/1.png|x"},
	} {
		all, _, err := Folder(c.root)
		if err != nil {
			t.Error(err)
		}
		var names []string
		var test []Item
		for _, category := range all {
			names, test = append(names, category.Name), append(test, category.Test...)
		}
		if got := strings.Join(names, " "); got != c.names || picturesOf(test) != c.test {
			t.Errorf("%s: %s, want %s: %s", got, picturesOf(test), c.names, c.test)
		}
	}
}

// TestBadSets has what is no data set: the error says which files are concerned.
func TestBadSets(t *testing.T) {
	for _, c := range []struct {
		name string
		read reader
		root fs.FS
		says []string
		is   error
	}{
		{"empty", MVTecAD, tree(), []string{"CATEGORY/train/good"}, fs.ErrNotExist},
		{"a category", MVTecAD, tree("train/good/0.png", "test/good/0.png"), []string{"CATEGORY/train/good"}, fs.ErrNotExist},
		{"ok", BTAD, tree("01/train/good/0.png"), []string{"CATEGORY/train/ok"}, fs.ErrNotExist},
		{"neither", VisA, tree("a.png"), []string{"CATEGORY/train/good", "split_csv/1cls.csv"}, fs.ErrNotExist},
		{"no folder", Folder, tree("a.png"), []string{"good or normal"}, fs.ErrNotExist},
		{"no masks", MVTecAD, tree("a/train/good/0.png", "a/test/x/0.png", "a/test/x/1.png"), []string{"a/test/x/0.png (and 1 more)", "a/ground_truth/x/0_mask.png"}, fs.ErrNotExist},
		{"a mask less", MVTecAD, tree("a/train/good/0.png", "a/test/x/0.png", "a/test/x/1.png", "a/ground_truth/x/0.png"), []string{"picture a/test/x/1.png has", "a/ground_truth/x/1_mask.png"}, fs.ErrNotExist},
		{"a mask for two", MVTecAD, tree("a/train/good/0.png", "a/test/x/0.png", "a/test/x/0.jpg", "a/ground_truth/x/0.png"), []string{"a/ground_truth/x/0.png", "a/test/x/0.jpg", "a/test/x/0.png"}, tensor.ErrDamaged},
		{"a name for two", MVTecAD, tree("a/train/good/0.png", "a/test/x/0.png", "a/ground_truth/x/0.png", "a/ground_truth/x/0.bmp"), []string{"a/ground_truth/x/0.png", "a/ground_truth/x/0.bmp"}, tensor.ErrDamaged},
		{"a flat mask for two", Folder, tree("good/0.png", "x/1.png", "y/1.png", "masks/1.png"), []string{"masks/1.png", "x/1.png", "y/1.png"}, tensor.ErrDamaged},
		{"two normals", Folder, tree("good/0.png", "normal/1.png"), []string{"good and normal"}, tensor.ErrDamaged},
		{"masks twice", Folder, tree("good/0.png", "x/1.png", "masks/1.png", "mask/1.png"), []string{"masks and mask"}, tensor.ErrDamaged},
	} {
		all, _, err := c.read(c.root)
		if all != nil || err == nil || !errors.Is(err, c.is) {
			t.Errorf("%s: %v, %v", c.name, all, err)
			continue
		}
		for _, says := range c.says {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v, want %q", c.name, err, says)
			}
		}
	}
}

// TestBadRows has rows that VisA's file must not have.
func TestBadRows(t *testing.T) {
	const head = "object,split,label,image,mask\n"
	for file, says := range map[string]string{
		"":                                                   "object,split,label,image,mask",
		head:                                                 "no pictures",
		"object,split,label,image\n":                         `"mask"`,
		head + "a,train,normal,a.png\n":                      "line 2",
		head + "a,val,normal,a.png,\n":                       `line 2: split "val"`,
		head + "a,test,fine,a.png,\n":                        `label "fine"`,
		head + "../a,test,normal,a.png,":                     `object "../a"`,
		head + "a,test,normal,../a.png,":                     `"../a.png" is no path in the data set`,
		head + "a,test,normal,/a.png,":                       `"/a.png" is no path in the data set`,
		head + "a,test,normal,,":                             `"" is no path in the data set`,
		head + "a,test,anomaly,a.png,/etc/passwd":            `"/etc/passwd" is no path in the data set`,
		head + "a,test,anomaly,a.png,":                       "no mask",
		head + "a,test,normal,a.png,m.png":                   "has a mask",
		head + "a,train,anomaly,a.png,m.png":                 "for training",
		head + "a,test,anomaly,a.png,n.png":                  "the mask of a.png: ",
		head + "a,test,normal,split_csv,":                    "split_csv is a directory",
		head + "a,test,normal,b.png,":                        "b.png",
		head + "a,test,normal,a.png,\na,train,normal,a.png,": "line 3: a.png was on line 2 already",
		head + "a,test,\"normal,a.png,":                      "line 2",
	} {
		root := tree("a.png", "m.png")
		root["split_csv/1cls.csv"] = &fstest.MapFile{Data: []byte(file)}
		if all, _, err := VisA(root); all != nil || err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "1cls.csv") {
			t.Errorf("%q: %v, %v, want %q", file, all, err, says)
		}
	}
	root := tree("a.png")
	root["split_csv/1cls.csv"] = &fstest.MapFile{Data: []byte("\ufefflabel,mask,image,more,object,split\r\nnormal,,a.png,x,a,test\r\n")}
	if all, _, err := VisA(root); err != nil || len(all) != 1 || picturesOf(all[0].Test) != "a.png" {
		t.Errorf("other columns: %v, %v", all, err)
	}
}

// TestBadSamples has files that cannot be read: an error ends the samples, and names them.
func TestBadSamples(t *testing.T) {
	root := fstest.MapFS{}
	put := func(name string, picture *image.RGBA) {
		data, err := images.EncodePNG(picture, nil)
		if err != nil {
			t.Fatal(err)
		}
		root[name] = &fstest.MapFile{Data: data}
	}
	put("good.png", sample(5, "").Picture)
	put("small.png", image.NewRGBA(image.Rect(0, 0, 4, 4)))
	put("blank.png", image.NewRGBA(image.Rect(0, 0, 8, 4)))
	good := root["good.png"].Data
	root["cut.png"] = &fstest.MapFile{Data: good[:len(good)/2]}
	for _, c := range []struct {
		it   Item
		says []string
	}{
		{Item{Picture: "cut.png"}, []string{"cut.png", "damaged"}},
		{Item{Picture: "none.png"}, []string{"none.png"}},
		{Item{"good.png", "cut.png", "x"}, []string{"good.png", "cut.png", "damaged"}},
		{Item{"good.png", "none.png", "x"}, []string{"good.png", "none.png"}},
		{Item{"good.png", "small.png", "x"}, []string{"mask small.png has 4×4", "8×4 of its picture good.png"}},
		{Item{"good.png", "", "x"}, []string{"good.png", "no mask"}},
		{Item{"good.png", "blank.png", ""}, []string{"good.png", "blank.png"}},
	} {
		n := 0
		for s, err := range Samples(root, []Item{{Picture: "good.png"}, c.it, {Picture: "good.png"}}) {
			if n++; n == 1 && err == nil {
				continue
			}
			if n > 2 || err == nil || s.Picture != nil {
				t.Fatalf("%v: sample %d, %v", c.it, n, err)
			}
			for _, says := range c.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%v: %v, want %q", c.it, err, says)
				}
			}
		}
	}
	for s, err := range Samples(root, []Item{{"good.png", "blank.png", "x"}, {Picture: "good.png"}}) {
		if err != nil || EmptyMask(s) != (s.Defect != "") {
			t.Errorf("%s: an empty mask is %v, %v", s.Path, EmptyMask(s), err)
		}
	}
	if EmptyMask(sample(1, "crack", spot...)) {
		t.Error("a mask with pixels is empty")
	}
}

// FuzzVisA reads any file that lists pictures: every path is one in the data set.
func FuzzVisA(f *testing.F) {
	f.Add("object,split,label,image,mask\na,test,anomaly,a.png,m.png\na,train,normal,b/c.png,\n")
	f.Fuzz(func(t *testing.T, file string) {
		root := tree("a.png", "m.png", "b/c.png")
		root["split_csv/1cls.csv"] = &fstest.MapFile{Data: []byte(file)}
		all, _, err := VisA(root)
		if (err == nil) != (len(all) > 0) {
			t.Fatalf("%v, %v", all, err)
		}
		for _, c := range all {
			for _, it := range slices.Concat(c.Train, c.Test) {
				if root[it.Picture] == nil || (it.Mask == "") != (it.Defect == "") {
					t.Errorf("%+v", it)
				}
			}
		}
	})
}
