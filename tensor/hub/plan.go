package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Plan is what a model consists of, and what of it has to be fetched.
type Plan struct {
	Ref     Ref
	Commit  string // that the revision is
	Licence string // as the model's card has it; "" where it says nothing, and for what is in the cache
	Files   []File // all that is taken of the repository, in the order in which it is fetched
	Free    int64  // bytes on the cache's disk; -1 where nobody says
	Note    string // what else to tell people; "" for nothing

	single  bool // the last file is what to open
	store   store
	client  *client // nil where nothing is missing
	missing []File
}

// Open fetches what of a model is not in the cache, and returns the path of its directory or, where the reference names a
// file or the repository is no more than one, of that file: what diffusion.Open, clip.Open and others take. It asks
// nobody; Look says before what it would fetch. A model that is in the cache as a whole is opened as it is, without the
// network. What it waits for is told to nobody.
//
// The error is ErrArgument, ErrNotFound, ErrGated, ErrUnsuitable, ErrOffline, ErrServer, ErrNoSpace or ErrDamaged, ctx's
// as soon as that ends, or one of the file system.
func Open(ctx context.Context, ref string, o Options) (string, error) {
	r, err := ParseRef(ref)
	if err != nil {
		return "", err
	}
	p, err := Look(ctx, r, o)
	if err != nil {
		return "", err
	}
	return p.Fetch(ctx, nil)
}

// Look finds a model in the cache or, where that has not all of it, asks the hub what it consists of. Nothing is written.
// Where the hub is out of reach and no revision was asked for, the newest snapshot that is whole is taken, which the
// plan's Note says. The error is as Open's.
func Look(ctx context.Context, r Ref, o Options) (*Plan, error) {
	if ctx == nil {
		return nil, of(ErrArgument, "the context is nil")
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	s := store{o.Cache, r.Repo}
	var lacks error
	if commit := s.commit(r.revision()); commit != "" {
		p, err := s.held(r, commit, o.Variant)
		if err == nil {
			return p, nil
		}
		lacks = err
	}
	if o.Offline {
		return s.offline(r, o, lacks, errors.New("the network is not to be used (HF_HUB_OFFLINE)"))
	}
	c, err := newClient(o)
	if err != nil {
		return nil, err
	}
	p, err := c.plan(ctx, r, s)
	if errors.Is(err, errUnreachable) {
		return s.offline(r, o, lacks, err)
	}
	return p, err
}

// offline is what the cache has where the hub is out of reach.
func (s store) offline(r Ref, o Options, lacks, why error) (*Plan, error) {
	for _, commit := range s.commits() {
		if r.Revision != "" {
			break
		}
		if p, err := s.held(r, commit, o.Variant); err == nil {
			p.Note = fmt.Sprintf("%v; taking what is in the cache, commit %.7s of %s", why, commit, s.fetched(commit).Format("2006-01-02"))
			return p, nil
		}
	}
	what := "it has nothing of it"
	if lacks != nil && !errors.Is(lacks, fs.ErrNotExist) {
		what = lacks.Error()
	}
	return nil, of(ErrOffline, "%s is not in the cache %s: %s; and the hub cannot be asked: %w; on a machine with a network 'hf download %s' puts it into such a folder, which may be copied here",
		r, s.cache, what, why, r.Repo)
}

// plan asks the hub what a model consists of.
func (c *client) plan(ctx context.Context, r Ref, s store) (*Plan, error) {
	l, err := c.list(ctx, r)
	if err != nil {
		return nil, err
	}
	files := shelf{}
	for _, f := range l.files {
		files[f.Name] = f
	}
	chosen, err := files.choose(r, c.Variant, func() ([]byte, error) {
		text, _, err := c.text(ctx, c.file(r, l.commit, indexFile), r, indexFile, 1<<20)
		return text, err
	})
	if err != nil {
		return nil, err
	}
	p := &Plan{Ref: r, Commit: l.commit, Licence: l.licence, Free: freeNear(s.cache), store: s, client: c}
	p.take(files, chosen)
	for _, f := range p.Files {
		if !s.has(l.commit, f) {
			p.missing = append(p.missing, f)
		}
	}
	return p, nil
}

// file is the address of a repository's file.
func (c *client) file(r Ref, commit, name string) *url.URL {
	owner, repo, _ := strings.Cut(r.Repo, "/")
	return c.at(append([]string{owner, repo, "resolve", commit}, strings.Split(name, "/")...)...)
}

func (p *Plan) take(files shelf, c choice) {
	p.single = c.single
	for _, name := range c.names {
		p.Files = append(p.Files, files[name])
	}
}

// has reports whether a snapshot has a file, by its size: its hash was checked before it got there.
func (s store) has(commit string, f File) bool {
	info, err := os.Stat(filepath.Join(s.snapshot(commit), filepath.FromSlash(f.Name)))
	return err == nil && info.Mode().IsRegular() && info.Size() == f.Size
}

// Missing is how many of the files are not in the cache, and how many bytes they have.
func (p *Plan) Missing() (files int, bytes int64) {
	if p == nil {
		return 0, 0
	}
	for _, f := range p.missing {
		bytes += f.Size
	}
	return len(p.missing), bytes
}

// Begun is how many bytes of what is missing an earlier Fetch has left, with which the next one goes on.
func (p *Plan) Begun() (bytes int64) {
	if p == nil {
		return 0
	}
	for _, f := range p.missing {
		if info, err := os.Stat(p.store.partial(f)); err == nil {
			bytes += min(info.Size(), f.Size)
		}
	}
	return bytes
}

// Path is where the model is once all is fetched: of its directory, or of the file.
func (p *Plan) Path() string {
	if p == nil || len(p.Files) == 0 {
		return ""
	}
	dir := p.store.snapshot(p.Commit)
	if p.single {
		return filepath.Join(dir, filepath.FromSlash(p.Files[len(p.Files)-1].Name))
	}
	return dir
}

// String says in a line what is missing, such as
//
//	owner/name (main, 451f4fe): 15 files, 2.1 GB into ~/.cache/huggingface/hub, 212 GB free. Licence: mit.
//
// Behind the size it says how much of it an earlier Fetch has left, if any.
func (p *Plan) String() string {
	if p == nil {
		return ""
	}
	name := p.Ref.Repo
	if p.Ref.File != "" {
		name += ":" + p.Ref.File
	}
	text := fmt.Sprintf("%s (%s, %.7s): ", name, p.Ref.revision(), p.Commit)
	n, bytes := p.Missing()
	if n == 0 {
		return text + "in " + p.Path()
	}
	files := "files"
	if n == 1 {
		files = "file"
	}
	begun := ""
	if b := p.Begun(); b > 0 {
		begun = fmt.Sprintf(", of which %s are there,", Bytes(b))
	}
	text += fmt.Sprintf("%d %s, %s%s into %s", n, files, Bytes(bytes), begun, tilde(p.store.cache))
	if p.Free >= 0 {
		text += fmt.Sprintf(", %s free", Bytes(p.Free))
	}
	licence := p.Licence
	if licence == "" {
		licence = "its card names none"
	}
	return text + ". Licence: " + licence + "."
}

// tilde writes a path in the home directory short.
func tilde(path string) string {
	if home, err := os.UserHomeDir(); err == nil && home != "" {
		if rest, found := strings.CutPrefix(path, home+string(filepath.Separator)); found {
			return filepath.Join("~", rest)
		}
	}
	return path
}

// Bytes writes a number of bytes in powers of 1000, as the hub does: "2.1 GB".
func Bytes(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB"}
	x, i := float64(max(n, 0)), 0
	for ; x >= 999.5 && i < len(units)-1; i++ {
		x /= 1000
	}
	if i == 0 || x >= 99.5 {
		return fmt.Sprintf("%.0f %s", x, units[i])
	}
	return fmt.Sprintf("%.1f %s", x, units[i])
}

// freeNear is how much may be written where a directory is, or will be.
func freeNear(dir string) int64 {
	for {
		if _, err := os.Stat(dir); err == nil {
			return freeIn(dir)
		}
		up := filepath.Dir(dir)
		if up == dir {
			return -1
		}
		dir = up
	}
}
