package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sdgraph/sdgraph/diffusion/anomaly/anomalyany"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// writeIndex writes an index.json into a new directory.
func writeIndex(t testing.TB, text string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "index.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestIndexOfOthers refuses an index that this program has not written, and says
// where it is wrong.
func TestIndexOfOthers(t *testing.T) {
	of := func(entries string) string { return fmt.Sprintf(`{"format": %q, "entries": %s}`, indexFormat, entries) }
	for name, c := range map[string]struct{ text, says string }{
		"other":           {`{"pages": 3}`, "its format is"},
		"list":            {`[1]`, "in place of {"},
		"empty":           {"", "EOF"},
		"cut":             {of(`[{"name": "a"}`)[:40], "EOF"},
		"later":           {`{"format": "anomalyany index 9"}`, "anomalyany index 9"},
		"path":            {of(`[{"name": "../a"}]`), `entries: number 1: name: it is "../a"`},
		"decision":        {of(`[{"name": "a", "decision": "perhaps"}]`), `decision: it is "perhaps", want "accept", "reject" or nothing`},
		"no name":         {of(`[{}]`), "entries: number 1: name"},
		"picture":         {of(`[{"name": "a"}, {"name": "b", "picture": "../../b.png"}]`), `entries: number 2: picture: it is "../../b.png", want "b.png"`},
		"record":          {of(`[{"name": "a", "record": "/etc/passwd"}]`), "record"},
		"photograph":      {of(`[{"name": "a", "photograph": "javascript:alert(1)"}]`), "photograph"},
		"file":            {of(`[{"name": "a", "files": {"b.png": []}}]`), "not one of the picture's"},
		"twice":           {of(`[{"name": "a"}, {"name": "b"}, {"name": "a"}]`), `two of the name "a"`},
		"number":          {of(`[{"name": "a", "seconds": 1e999}]`), "1e999"},
		"seed":            {of(`[{"name": "a", "seed": -1}]`), "seed"},
		"shared file":     {fmt.Sprintf(`{"format": %q, "files": {"../x": []}}`, indexFormat), `"../x"`},
		"deep":            {of(strings.Repeat("[", 100_000)), "nested deeper than 8"},
		"deep beside":     {`{"x": ` + strings.Repeat(`{"a":`, 100_000), "nested deeper than 8"},
		"long entry":      {of(`[{"name": "` + strings.Repeat("a", maxEntry) + `"}]`), "an entry of more than"},
		"many entries":    {of(`[` + manyEntries() + `]`), fmt.Sprintf("want at most %d", maxEntries)},
		"many of nothing": {of(`[` + strings.Repeat("{},", 1<<20) + `{}]`), "number 1"},
	} {
		dir := writeIndex(t, c.text)
		_, err := readIndex(dir)
		for _, part := range []string{filepath.Join(dir, "index.json"), "would be overwritten", c.says} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %.500v, want one that mentions %q", name, err, part)
			}
		}
	}
}

// manyEntries are more than an index may have.
func manyEntries() string {
	var b strings.Builder
	for i := range maxEntries + 1 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":"%d"}`, i)
	}
	return b.String()
}

// TestIndexFile is read as it was written.
func TestIndexFile(t *testing.T) {
	hash := files.SHA256(nil)
	e := entry{
		Name: "a-b-0000", Object: "a", Anomaly: "b", Prompt: "a <b> & “c”", Seed: 1<<64 - 1, Picture: "a-b-0000.png", Mask: "a-b-0000-mask.png",
		Heat: "a-b-0000-heat.png", Record: "a-b-0000.json", Photograph: "photograph-1.png", Scores: anomalyany.Scores{Area: 0.1, Focus: new(0.2), CLIP: &anomalyany.CLIPScores{Prompt: 0.3}},
		Failed: []string{"why"}, Decision: accepted, Notes: []string{"note"}, Seconds: 1.5, Identity: "12", Files: files.Holdings{"a-b-0000.png": {hash, hash}},
	}
	dir := t.TempDir()
	for _, part := range parts {
		if err := os.WriteFile(filepath.Join(dir, e.Name+part), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	x := &index{Files: files.Holdings{"normal/c.png": {hash}, "index.html": {hash}}, encoded: map[string][]byte{}}
	x.put(e)
	data, err := x.encode()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) {
		t.Fatalf("no JSON: %s", data)
	}
	if err := os.WriteFile(filepath.Join(dir, "index.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readIndex(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*x, *got, cmp.AllowUnexported(entry{}), cmp.FilterPath(func(p cmp.Path) bool {
		return p.String() == "encoded" || p.String() == "unshown" || p.String() == "stale"
	}, cmp.Ignore())); diff != "" {
		t.Errorf("written -, read +:\n%s", diff)
	}
	if err := os.Remove(filepath.Join(dir, "a-b-0000.json")); err != nil {
		t.Fatal(err)
	}
	if got, err = readIndex(dir); err != nil || got.Pictures != 0 || len(got.Entries) != 1 {
		t.Errorf("without its record the picture counts: %+v, %v", got, err)
	}
	if page, err := got.page(false); err != nil || bytes.Contains(page, []byte("a-b-0000")) {
		t.Errorf("without its record the picture is shown (%v)", err)
	}
}

// TestPageIsNotWrittenTooOften of many pictures, and after each of few.
func TestPageIsNotWrittenTooOften(t *testing.T) {
	x := &index{encoded: map[string][]byte{}}
	pages := 0
	for i := range 2000 {
		x.put(entry{Name: fmt.Sprintf("%05d", i*7919%2000)})
		if x.due() {
			pages++
			x.unshown = 0
		} else if i < 32 {
			t.Errorf("picture %d is not shown", i)
		}
	}
	if pages > 200 {
		t.Errorf("%d pages for 2000 pictures", pages)
	}
	for i := 1; i < len(x.Entries); i++ {
		if x.Entries[i-1].Name >= x.Entries[i].Name {
			t.Fatalf("%s comes before %s", x.Entries[i-1].Name, x.Entries[i].Name)
		}
	}
}

// FuzzIndex: an index of others is refused or read; its page has no markup that
// is not the template's and links to plain names only, and what is written is
// read again.
func FuzzIndex(f *testing.F) {
	f.Add(`{"format":"anomalyany index 1","pictures":1,"failed":0,"entries":[{"name":"a-b-0000","object":"a","anomaly":"b","prompt":"p","seed":0,"picture":"","mask":"","heat_map":"","record":"","photograph":"","scores":{"area":0.1,"focus":0.2,"clip":{"prompt":1,"normal":1,"photograph_prompt":1,"photograph_normal":1}},"failed":["x"],"notes":["n"],"seconds":1,"identity":"i"}]}`)
	f.Add(`{"format":"anomalyany index 1","files":{"normal/x.png":[]},"entries":[{"name":"x","picture":"x.png","prompt":"<script>alert(1)</script>","photograph":"\"onerror=alert(1) x=\"","record":"x.json"}]}`)
	f.Add(`{"format":"anomalyany index 1","entries":null,"more":[[{}]]}`)
	f.Fuzz(func(t *testing.T, text string) {
		dir := writeIndex(t, text)
		x, err := readIndex(dir)
		if err != nil {
			if len(err.Error()) > 4000 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		x.put(entry{Name: "new", Prompt: "p", Picture: "new.png"})
		page, err := x.page(false)
		if err != nil {
			t.Fatal(err)
		}
		checkAlone(t, strings.ReplaceAll(string(page), "://", "")) // which texts may have
		for _, m := range links.FindAllStringSubmatch(string(page), -1) {
			if strings.ContainsAny(m[1], "/\\") || strings.HasPrefix(m[1], ".") {
				t.Fatalf("the page links to %q", m[1])
			}
		}
		data, err := x.encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := new(index).decodeInto(data); err != nil {
			t.Fatalf("what it wrote it does not read: %v\n%s", err, data)
		}
	})
}

// decodeInto reads an index that is in memory.
func (x *index) decodeInto(data []byte) error {
	x.Files, x.encoded = files.Holdings{}, map[string][]byte{}
	return x.decode(bytes.NewReader(data))
}
