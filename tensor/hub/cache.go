package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The folders of a repository in the cache, as Python's client has them.
const (
	blobsDir     = "blobs"     // files by their hashes
	snapshotsDir = "snapshots" // by commit, the repository's paths, as links to blobs
	refsDir      = "refs"      // by branch or tag, a file with the commit
	locksDir     = ".locks"    // beside the repositories
	repoPrefix   = "models--"
)

// repoDir is what a cache calls a repository's folder.
func repoDir(repo string) string { return repoPrefix + strings.ReplaceAll(repo, "/", "--") }

// store is a repository in a cache.
type store struct{ cache, repo string }

func (s store) path(parts ...string) string {
	return filepath.Join(append([]string{s.cache, repoDir(s.repo)}, parts...)...)
}

func (s store) snapshot(commit string) string { return s.path(snapshotsDir, commit) }

// commit is the one that a revision was when it was last asked for; "" where the cache does not know.
func (s store) commit(revision string) string {
	if commitForm.MatchString(revision) {
		return revision
	}
	path := s.path(refsDir, filepath.FromSlash(revision))
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > 100 {
		return ""
	}
	text, err := os.ReadFile(path)
	if commit := strings.TrimSpace(string(text)); err == nil && commitForm.MatchString(commit) {
		return commit
	}
	return ""
}

// mostKept bounds how many files of a snapshot are looked at.
const mostKept = 20_000

// shelf is the files of a snapshot that are there; links that lead nowhere are not.
func (s store) shelf(commit string) (shelf, error) {
	root := s.snapshot(commit)
	files := shelf{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		name, relative := filepath.Rel(root, path)
		if err != nil || relative != nil || !info.Mode().IsRegular() {
			return nil
		}
		if name = filepath.ToSlash(name); checkName(name) == nil {
			files[name] = File{Name: name, Size: info.Size()}
		}
		if len(files) > mostKept {
			return fmt.Errorf("%s: more than %d files", root, mostKept)
		}
		return nil
	})
	return files, err
}

// held is what is asked for, where a snapshot has all of it. Its plan has nothing to fetch.
func (s store) held(r Ref, commit, variant string) (*Plan, error) {
	files, err := s.shelf(commit)
	if err != nil {
		return nil, err
	}
	c, err := files.choose(r, variant, func() ([]byte, error) { return os.ReadFile(filepath.Join(s.snapshot(commit), indexFile)) })
	if err != nil {
		return nil, err
	}
	p := &Plan{Ref: r, Commit: commit, Free: -1, store: s}
	p.take(files, c)
	return p, nil
}

// commits are those of the snapshots, the newest first.
func (s store) commits() []string {
	entries, err := os.ReadDir(s.path(snapshotsDir))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && commitForm.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return s.fetched(b).Compare(s.fetched(a)) })
	return names
}

// fetched is when a snapshot was last added to.
func (s store) fetched(commit string) time.Time {
	if info, err := os.Stat(s.snapshot(commit)); err == nil {
		return info.ModTime()
	}
	return time.Time{}
}

// Repository is a model in the cache.
type Repository struct {
	Repo      string // "owner/name"
	Snapshots []Snapshot
}

// Snapshot is a commit of a model in the cache, perhaps of only some of its files.
type Snapshot struct {
	Commit  string
	Refs    []string  // the branches and tags that were it when they were last asked for
	Path    string    // of its directory
	Size    int64     // of its files, in bytes; snapshots of one model may share files
	Fetched time.Time // when a file was last added at its root
	Licence string    // as the model's card has it; "" where that says nothing, or was not fetched

	// Lacks is what is missing to open it as a whole; "" where nothing is.
	Lacks string
}

// Cached lists the models in the cache, by name. A cache that is not there is empty. It never uses the network.
func Cached(o Options) ([]Repository, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(o.Cache)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []Repository
	for _, e := range entries {
		owner, name, _ := strings.Cut(strings.TrimPrefix(e.Name(), repoPrefix), "--")
		s := store{o.Cache, owner + "/" + name}
		if !strings.HasPrefix(e.Name(), repoPrefix) || (Ref{Repo: s.repo}).check() != nil {
			continue
		}
		r := Repository{Repo: s.repo}
		for _, commit := range s.commits() {
			r.Snapshots = append(r.Snapshots, s.describe(commit, o.Variant))
		}
		if len(r.Snapshots) > 0 {
			all = append(all, r)
		}
	}
	return all, err
}

func (s store) describe(commit, variant string) Snapshot {
	d := Snapshot{Commit: commit, Refs: s.refs(commit), Path: s.snapshot(commit), Fetched: s.fetched(commit), Licence: s.licence(commit)}
	files, err := s.shelf(commit)
	for _, f := range files {
		d.Size += f.Size
	}
	if err == nil {
		_, err = s.held(Ref{Repo: s.repo, Revision: commit}, commit, variant)
	}
	if err != nil {
		d.Lacks = err.Error()
	}
	return d
}

// cardForm is what heads a model's card, and licenceForm its lines about the licence.
var (
	cardForm    = regexp.MustCompile(`(?s)\A---\r?\n(.*?)\n---`)
	licenceForm = regexp.MustCompile(`(?m)^license(_name)?: *["']?([^"'\r\n]+)`)
)

// licence is what the card says that lies in a snapshot, as Python's client fetches it.
func (s store) licence(commit string) string {
	path := filepath.Join(s.snapshot(commit), "README.md")
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > 1<<20 {
		return ""
	}
	text, err := os.ReadFile(path)
	card := cardForm.FindSubmatch(text)
	if err != nil || card == nil {
		return ""
	}
	licence, name := "", ""
	for _, line := range licenceForm.FindAllSubmatch(card[1], -1) {
		if value := strings.TrimSpace(string(line[2])); len(line[1]) > 0 {
			name = value
		} else {
			licence = value
		}
	}
	if licence == "other" && name != "" {
		licence = name
	}
	return printable(licence)
}

// refs are the branches and tags that lead to a commit.
func (s store) refs(commit string) (names []string) {
	root := s.path(refsDir)
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error { // what cannot be read leads nowhere
		if err != nil || d.IsDir() {
			return nil
		}
		if name, err := filepath.Rel(root, path); err == nil && s.commit(filepath.ToSlash(name)) == commit {
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	return names
}
