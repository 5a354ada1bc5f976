package tensor

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestTexts notes what is read, of a directory and of those in it.
func TestTexts(t *testing.T) {
	for name, dir := range map[string]Dir{
		"disk": OnDisk(directory(t, map[string]string{"a.json": "{}", "other.json": "[]"})),
		"fs":   InFS(fstest.MapFS{"a.json": {Data: []byte("{}")}, "other.json": {Data: []byte("[]")}}),
	} {
		var texts Texts
		if got := texts.Hashes(); len(got) > 0 {
			t.Errorf("%s: %v of nothing", name, got)
		}
		noting := dir.Noting(&texts)
		for _, read := range []error{
			func() error { _, err := noting.Sub("").ReadFile("a.json"); return err }(),
			func() error { _, err := dir.ReadFile("other.json"); return err }(),
		} {
			if read != nil {
				t.Fatal(read)
			}
		}
		if _, err := noting.ReadFile("missing.json"); err == nil {
			t.Error("a missing file is read")
		}
		want := map[string]string{noting.Path("a.json"): "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"} // of {}
		if diff := cmp.Diff(want, texts.Hashes()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}
