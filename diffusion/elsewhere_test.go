package diffusion

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tree makes files and, where a name ends in a slash, directories.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range names {
		path := filepath.Join(root, filepath.FromSlash(name))
		dir := path
		if !strings.HasSuffix(name, "/") {
			dir = filepath.Dir(path)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if dir != path {
			if err := os.WriteFile(path, []byte("2222\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// TestOpenSaysWhatToGive opens what lies above a model's directory, or inside.
func TestOpenSaysWhatToGive(t *testing.T) {
	const sd, other = "models--org--sd15/", "models--org--bert/"
	hub := []string{sd + "snapshots/1111/unet/", sd + "snapshots/1111/vae/", sd + "snapshots/2222/unet/", sd + "snapshots/2222/vae/", sd + "blobs/",
		other + "snapshots/3333/config.json"}
	model := []string{"unet/config.json", "vae/", "m.safetensors"}
	for name, c := range map[string]struct {
		tree  []string
		given string
		says  string   // before the paths
		paths []string // which it names
		not   []string // and which not
	}{
		"repository":        {hub, sd, "in the hub's cache: give its snapshot, ", []string{sd + "snapshots/1111", sd + "snapshots/2222"}, nil},
		"repository, refs":  {append([]string{sd + "refs/main"}, hub...), sd, "give its snapshot, ", []string{sd + "snapshots/2222"}, []string{sd + "snapshots/1111"}},
		"snapshots":         {hub, sd + "snapshots", "the model is below: give ", []string{sd + "snapshots/1111", sd + "snapshots/2222"}, nil},
		"cache":             {hub, ".", "the hub's cache: give the snapshot of a model, such as ", []string{sd + "snapshots/1111"}, []string{other}},
		"unfinished":        {[]string{sd + "snapshots/1111/", sd + "blobs/"}, sd, "download was not finished", nil, []string{sd + "snapshots/1111"}},
		"above":             {[]string{"sd15/unet/", "sd15/vae/", "pictures/"}, ".", "the model is below: give ", []string{"sd15"}, []string{"pictures"}},
		"a part":            {model, "unet", "is a part of a model; give the directory of all of it, ", []string{""}, nil},
		"a part's settings": {model, "unet/config.json", "give the directory of all of it, ", []string{""}, nil},
		"a part's weights":  {append([]string{"unet/w.safetensors"}, model...), "unet/w.safetensors", "give the directory of all of it, ", []string{""}, nil},
		"no model":          {[]string{"pictures/"}, ".", "has no unet/, no vae/", nil, []string{"give "}},
	} {
		t.Run(name, func(t *testing.T) {
			root := tree(t, c.tree...)
			_, err := Open(t.Context(), filepath.Join(root, filepath.FromSlash(c.given)))
			if err == nil {
				t.Fatal("it opens")
			}
			said, _, _ := strings.Cut(err.Error(), Layout)
			if !strings.Contains(said, c.says) {
				t.Errorf("the error does not say %q: %s", c.says, said)
			}
			for _, path := range c.paths {
				if path = filepath.Join(root, filepath.FromSlash(path)); !slices.ContainsFunc(strings.Fields(said), func(word string) bool { return strings.Trim(word, ",") == path }) {
					t.Errorf("the error does not name %s: %s", path, said)
				}
			}
			for _, path := range c.not {
				if strings.Contains(said, filepath.FromSlash(path)) {
					t.Errorf("the error names %s: %s", path, said)
				}
			}
		})
	}
}

// TestOpenSaysWhichCLIPToGive is the same for CLIP alone, in an fs.FS too.
func TestOpenSaysWhichCLIPToGive(t *testing.T) {
	root := tree(t, "snapshots/3333/config.json")
	_, err := Open(t.Context(), modelA, WithCLIPDir(root))
	if want := "has no config.json; it is a repository in the hub's cache: give its snapshot, " + filepath.Join(root, "snapshots", "3333"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	_, err = OpenFS(t.Context(), fstest.MapFS{"sd15/unet/x": {}, "sd15/vae/x": {}})
	if want := "the model is below: give sd15"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
	if _, err := OpenFS(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "has no unet/") {
		t.Errorf("without an fs.FS: %v", err)
	}
}
