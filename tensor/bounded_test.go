package tensor

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestReadUpTo(t *testing.T) {
	disk := t.TempDir()
	if err := os.WriteFile(disk+"/four", []byte("1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(disk+"/folder", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]Dir{
		"disk": OnDisk(disk),
		"fs":   InFS(fstest.MapFS{"four": {Data: []byte("1234")}, "folder": {Mode: fs.ModeDir}}),
	} {
		if data, err := dir.ReadUpTo("four", 4); err != nil || string(data) != "1234" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		for file, says := range map[string]string{"four": "four: 4 bytes, want at most 3", "folder": "no regular file"} {
			if _, err := dir.ReadUpTo(file, 3); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %s: error %v, want one that says %s", name, file, err, says)
			}
		}
		if _, err := dir.ReadUpTo("none", 3); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a file that is not there: %v", name, err)
		}
	}
	if _, err := OnDisk("/dev").ReadUpTo("zero", 3); err == nil {
		t.Error("a device is read")
	}
}
