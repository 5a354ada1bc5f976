package tensor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// holding is a file with tensors of one byte each. Their numbers cannot be
// read, but they can be listed.
func holding(names ...string) []byte {
	var entries []string
	for i, name := range names {
		entries = append(entries, fmt.Sprintf(`%q:{"dtype":"U8","shape":[1],"data_offsets":[%d,%d]}`, name, i, i+1))
	}
	return file("{"+strings.Join(entries, ",")+"}", len(names))
}

// directory writes files under a new directory.
func directory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		write(t, dir, name, []byte(content))
	}
	return dir
}

const unetStem = "diffusion_pytorch_model"

// TestOpenSet finds the weights under every name that diffusers and
// transformers write, and the more precise of two.
func TestOpenSet(t *testing.T) {
	one, other := string(holding("one")), string(holding("other"))
	indexOf := func(shard string) string {
		return fmt.Sprintf(`{"metadata":{"total_size":1},"weight_map":{"one":%q}}`, shard)
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  []string // the files opened
	}{
		"whole":         {map[string]string{"model.safetensors": one}, []string{"model.safetensors"}},
		"half":          {map[string]string{"model.fp16.safetensors": one}, []string{"model.fp16.safetensors"}},
		"both":          {map[string]string{"model.safetensors": one, "model.fp16.safetensors": other}, []string{"model.safetensors"}},
		"with a pickle": {map[string]string{"model.bin": "", "model.safetensors": one}, []string{"model.safetensors"}},
		"first stem":    {map[string]string{"model.safetensors": other, unetStem + ".fp16.safetensors": one}, []string{unetStem + ".fp16.safetensors"}},
		"sharded": {map[string]string{"model.safetensors.index.json": indexOf("model-00001-of-00001.safetensors"), "model-00001-of-00001.safetensors": one},
			[]string{"model.safetensors.index.json", "model-00001-of-00001.safetensors"}},
		"sharded, half": {map[string]string{"model.safetensors.index.fp16.json": indexOf("model.fp16-00001-of-00001.safetensors"), "model.fp16-00001-of-00001.safetensors": one},
			[]string{"model.safetensors.index.fp16.json", "model.fp16-00001-of-00001.safetensors"}},
		"sharded, half, as some tools write it": {map[string]string{"model.fp16.safetensors.index.json": indexOf("a.safetensors"), "a.safetensors": one},
			[]string{"model.fp16.safetensors.index.json", "a.safetensors"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := directory(t, c.files)
			s, err := OpenSet(dir, unetStem, "model")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, path := range s.Paths() {
				got = append(got, filepath.Base(path))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Paths (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"one"}, s.Names()); diff != "" {
				t.Errorf("Names (-want +got):\n%s", diff)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestPrefer opens the variant that is asked for where there are several, and else what there is.
func TestPrefer(t *testing.T) {
	weights := string(holding("one"))
	all := map[string]string{"model.safetensors": weights, "model.fp16.safetensors": weights, "model.bf16.safetensors": weights}
	sharded := map[string]string{"model.safetensors": weights, "model.safetensors.index.fp16.json": `{"weight_map":{"one":"a.safetensors"}}`, "a.safetensors": weights}
	for _, c := range []struct {
		variant string
		files   map[string]string
		want    string
	}{
		{"", all, "model.safetensors"}, {"none", all, "model.safetensors"}, {"fp16", all, "model.fp16.safetensors"}, {"bf16", all, "model.bf16.safetensors"},
		{"fp16", sharded, "model.safetensors.index.fp16.json"}, {"none", sharded, "model.safetensors"}, {"bf16", sharded, "model.safetensors"},
		{"", map[string]string{"model.bf16.safetensors": weights}, "model.bf16.safetensors"},
		{"none", map[string]string{"model.fp16.safetensors": weights}, "model.fp16.safetensors"},
	} {
		dir := directory(t, c.files)
		s, err := OnDisk(filepath.Dir(dir)).Prefer(c.variant).Sub(filepath.Base(dir)).OpenSet("model")
		if err != nil {
			t.Fatal(err)
		}
		if got := filepath.Base(s.Paths()[0]); got != c.want {
			t.Errorf("of variant %q opened %s, want %s", c.variant, got, c.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenSetSaysWhatItLookedFor(t *testing.T) {
	for name, c := range map[string]struct {
		dir  string
		want []string
	}{
		"empty":   {t.TempDir(), []string{"looked for a.safetensors, a.fp16.safetensors, a.safetensors.index.json", "b.fp16.safetensors"}},
		"pickles": {directory(t, map[string]string{"pytorch_model.bin": "", "config.json": "{}"}), []string{"a.safetensors", "found pytorch_model.bin, a pickle", "safe_serialization=True"}},
		"ckpt":    {directory(t, map[string]string{"v1-5.ckpt": ""}), []string{"found v1-5.ckpt, a pickle"}},
		"nowhere": {filepath.Join(t.TempDir(), "nowhere"), []string{"nowhere"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := OpenSet(c.dir, "a", "b")
			wantError(t, err, append(c.want, c.dir)...)
		})
	}
}

func wantError(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error does not say %q: %v", s, err)
		}
	}
}

// TestShards reads tensors from the shards an index names, and those that it
// forgets.
func TestShards(t *testing.T) {
	tensorOf := func(name string, bits ...byte) string {
		return string(append(file(fmt.Sprintf(`{"both":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},%q:{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, name), 0), bits...))
	}
	dir := directory(t, map[string]string{
		"m.safetensors.index.json": `{"weight_map":{"a":"1.safetensors","both":"2.safetensors"}}`,
		"1.safetensors":            tensorOf("a", 0x00, 0x3c, 0x00, 0x40), // both = 1, a = 2
		"2.safetensors":            tensorOf("b", 0x00, 0x42, 0x00, 0x44), // both = 3, b = 4
	})
	s, err := OpenSet(dir, "m")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff([]string{"a", "b", "both"}, s.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
	for name, want := range map[string]float32{"a": 2, "b": 4, "both": 3} {
		d, err := s.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := Float32s(d)[0]; got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
		if info, ok := s.Info(name); !ok || info.Dtype != "F16" {
			t.Errorf("%s: Info is %v, %v", name, info, ok)
		}
	}
	_, err = s.Get("c")
	wantError(t, err, `no tensor "c"`, "1.safetensors", "2.safetensors")
	if _, ok := s.Info("c"); ok {
		t.Error(`there is information on "c"`)
	}
}

func TestOpenSetRefusesLyingIndexes(t *testing.T) {
	for name, c := range map[string]struct{ index, want string }{
		"no JSON":          {`weights`, "index: no JSON at byte 0: invalid character"},
		"no map":           {`{"metadata":{}}`, `"weight_map" is missing or empty`},
		"map of numbers":   {`{"weight_map":{"a":1}}`, `index: weight_map: "a": is 1, want a string`},
		"map is null":      {`{"weight_map":null}`, "index: weight_map: is null, want an object"},
		"two maps":         {`{"weight_map":{"a":"1.safetensors"},"weight_map":{"a":"2.safetensors"}}`, `"weight_map" appears twice`},
		"deep nesting":     {`{"metadata":` + strings.Repeat("[", 20000), "index: no JSON"},
		"goes on":          {`{"weight_map":{"a":"1.safetensors"}}{}`, "after top-level value"},
		"empty":            {"", "the file is empty"},
		"a pointer":        {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n", "a Git LFS pointer"},
		"same name twice":  {`{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}`, `"a" appears twice`},
		"missing shard":    {`{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"3.safetensors"}}`, "2 of 3 shards are not there, the first "},
		"not in its shard": {`{"weight_map":{"a":"1.safetensors","b":"1.safetensors"}}`, `tensor "b" is not in 1.safetensors`},
		"parent":           {`{"weight_map":{"a":"../1.safetensors"}}`, `tensor "a": shard "../1.safetensors" is not a plain file name`},
		"below":            {`{"weight_map":{"a":"d/1.safetensors"}}`, "not a plain file name"},
		"absolute":         {`{"weight_map":{"a":"/1.safetensors"}}`, "not a plain file name"},
		"backslash":        {`{"weight_map":{"a":"..\\1.safetensors"}}`, "not a plain file name"},
		"drive":            {`{"weight_map":{"a":"c:1.safetensors"}}`, "not a plain file name"},
		"other extension":  {`{"weight_map":{"a":"passwd"}}`, "not a plain file name"},
		"no shard name":    {`{"weight_map":{"a":""}}`, "not a plain file name"},
		"broken shard":     {`{"weight_map":{"a":"1.safetensors","b":"broken.safetensors"}}`, "broken.safetensors: 3 bytes are too short"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := directory(t, map[string]string{
				"m.safetensors.index.json": c.index,
				"1.safetensors":            string(holding("a")),
				"broken.safetensors":       "abc",
			})
			_, err := OpenSet(dir, "m")
			wantError(t, err, c.want, "m.safetensors.index.json")
		})
	}
}

// A shard may be a link, as it is in the cache of the Hugging Face hub.
func TestShardMayBeALink(t *testing.T) {
	dir := directory(t, map[string]string{"m.safetensors.index.json": `{"weight_map":{"a":"1.safetensors"}}`})
	blob := write(t, t.TempDir(), "0123abcd", holding("a"))
	if err := os.Symlink(blob, filepath.Join(dir, "1.safetensors")); err != nil {
		t.Skip(err) // Windows lets only some users make links
	}
	s, err := OpenSet(dir, "m")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// FuzzIndex looks for an index that leads out of its directory.
func FuzzIndex(f *testing.F) {
	for _, shard := range []string{"a.safetensors", "../a.safetensors", "/a.safetensors", `..\\a.safetensors`, "c:a.safetensors", ".safetensors", ""} {
		f.Add([]byte(`{"metadata":{"total_size":1},"weight_map":{"a":"` + shard + `"}}`))
	}
	f.Add([]byte(`{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		weightMap, err := parseIndex(text)
		if err != nil {
			return
		}
		for _, shard := range weightMap {
			if dir, name := filepath.Split(filepath.Join("models", shard)); dir != filepath.FromSlash("models/") || name != shard {
				t.Errorf("shard %q lies in %q", shard, dir)
			}
		}
	})
}
