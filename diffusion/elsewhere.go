package diffusion

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sdgraph/sdgraph/nn"
	"github.com/sdgraph/sdgraph/tensor"
)

// mostSeen is how many of a directory's entries are looked into for a model.
const mostSeen = 100

// isModel reports whether a directory looks like a model's.
func isModel(dir tensor.Dir) bool {
	return dir.Exists("model_index.json") || dir.Exists("unet") && dir.Exists("vae")
}

// isPart reports whether a directory looks like one of a model's parts.
func isPart(dir tensor.Dir) bool { return dir.Exists(nn.ConfigFile) }

// elsewhere says which directory is to be given in the place of dir, which is
// not what it should be: the snapshot of a repository in the hub's cache, a
// directory below. Nothing if none is to be seen.
func elsewhere(dir tensor.Dir, is func(tensor.Dir) bool) string {
	if dir.Exists("snapshots") {
		found := within(dir.Sub("snapshots"), is)
		if len(found) == 0 {
			return "; it is a repository in the hub's cache, without a snapshot that holds the model: its download was not finished"
		}
		if main, err := dir.ReadFile("refs/main"); err == nil {
			current := dir.Sub("snapshots").Path(strings.TrimSpace(string(main)))
			if slices.Contains(found, current) {
				found = []string{current}
			}
		}
		return "; it is a repository in the hub's cache: give its snapshot, " + oneOf(found)
	}
	if found := within(dir, is); len(found) > 0 {
		return "; the model is below: give " + oneOf(found)
	}
	var found []string
	for _, name := range subdirectories(dir) {
		if repository := dir.Sub(name); strings.HasPrefix(name, "models--") {
			found = append(found, within(repository.Sub("snapshots"), is)...)
		}
	}
	if len(found) > 0 {
		return "; it is the hub's cache: give the snapshot of a model, such as " + oneOf(found)
	}
	return ""
}

// within are the paths of the directories in dir that are what is asked for.
func within(dir tensor.Dir, is func(tensor.Dir) bool) []string {
	var found []string
	for _, name := range subdirectories(dir) {
		if is(dir.Sub(name)) {
			found = append(found, dir.Path(name))
		}
	}
	return found
}

// subdirectories are the names of the directories in dir, and of links.
func subdirectories(dir tensor.Dir) []string {
	entries, err := dir.ReadDir()
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries[:min(len(entries), mostSeen)] {
		if e.IsDir() || e.Type()&fs.ModeSymlink != 0 {
			names = append(names, e.Name())
		}
	}
	return names
}

// oneOf lists paths for people.
func oneOf(paths []string) string {
	const most = 3
	if more := len(paths) - most; more > 0 {
		return fmt.Sprintf("%s or one of %d more", strings.Join(paths[:most], ", "), more)
	}
	return strings.Join(paths, " or ")
}

// parts are the directories of a model.
var parts = []string{"unet", "vae", "text_encoder", "tokenizer", "scheduler", "clip", "safety_checker", "feature_extractor"}

// checkPart refuses a directory that is one of a model's parts.
func checkPart(path string) error {
	abs, err := filepath.Abs(path)
	if err == nil && slices.Contains(parts, filepath.Base(abs)) && isModel(tensor.OnDisk(filepath.Dir(abs))) {
		return fmt.Errorf("%s is a part of a model%s%.0w", path, above(abs), fs.ErrNotExist)
	}
	return nil
}

// above says which directory is to be given in the place of a file, or part,
// of a model. Nothing if there is none.
func above(path string) string {
	path, err := filepath.Abs(path)
	for up := filepath.Dir(path); err == nil; up = filepath.Dir(up) {
		if isModel(tensor.OnDisk(up)) {
			return "; give the directory of all of it, " + up
		}
		if !slices.Contains(parts, filepath.Base(up)) {
			break
		}
	}
	return ""
}
