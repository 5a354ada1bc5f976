package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/sdgraph/sdgraph/tensor"
)

// Progress is how far a Fetch has got.
type Progress struct {
	Done, Total int64  // bytes of all that was missing; Done falls back where a file has to be fetched anew
	Kept        int64  // of Done, what was there before this Fetch
	File        string // that is being fetched
	Note        string // why nothing comes just now, such as a server that asks to wait; "" mostly
}

// fetch is a Fetch under way.
type fetch struct {
	*Plan
	tell     func(Progress) // nil for nobody
	progress Progress
}

// Fetch fetches what is missing, and returns Path. What came of it is told to progress, if that is not nil, after every
// few hundred kilobytes, from this goroutine. Another program that fetches the same file is waited for. Where it fails,
// or ctx ends, which stops it at once, what has come stays, and the next Fetch goes on there. The error is as Open's.
func (p *Plan) Fetch(ctx context.Context, progress func(Progress)) (string, error) {
	if p == nil || len(p.Files) == 0 || ctx == nil {
		return "", of(ErrArgument, "a plan that Look did not return, or a context that is nil")
	}
	if p.client == nil { // all of it was in the cache
		return p.Path(), nil
	}
	if err := p.fits(); err != nil {
		return "", err
	}
	f := &fetch{Plan: p, tell: progress}
	_, f.progress.Total = p.Missing()
	p.client.say = f.note
	for _, file := range p.missing {
		f.progress.File = file.Name
		if err := f.file(ctx, file); err != nil {
			return "", f.explain(ctx, file, err)
		}
	}
	if err := p.store.setRef(p.Ref.revision(), p.Commit); err != nil {
		return "", f.explain(ctx, File{Name: "refs"}, err)
	}
	p.missing = nil
	return p.Path(), nil
}

// fits returns an error where the disk has not room enough for what is missing.
func (p *Plan) fits() error {
	_, need := p.Missing()
	need -= p.Begun()
	if free := freeNear(p.store.cache); free >= 0 && free < need {
		return of(ErrNoSpace, "%s needs %s more in %s, where %s are free; HF_HUB_CACHE sets another place", p.Ref, Bytes(need), p.store.cache, Bytes(free))
	}
	return nil
}

func (f *fetch) note(text string) {
	if f.tell != nil {
		p := f.progress
		p.Note = text
		f.tell(p)
	}
}

func (f *fetch) add(n int64) {
	f.progress.Done += n
	if f.tell != nil && n != 0 {
		f.tell(f.progress)
	}
}

// kept counts a file that somebody else has fetched meanwhile.
func (f *fetch) kept(file File) {
	f.progress.Kept += file.Size
	f.add(file.Size)
}

// explain names the file of an error.
func (f *fetch) explain(ctx context.Context, file File, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case isFull(err):
		return of(ErrNoSpace, "%s, %s: %w; what has come stays, so make room, or set another place by HF_HUB_CACHE, and start again", f.Ref, file.Name, err)
	}
	return fmt.Errorf("%s, %s: %w", f.Ref, file.Name, err)
}

// partial is where a file lies while it comes. Python's client gives its own other names.
func (s store) partial(f File) string { return s.path(blobsDir, f.Hash+".sdgraph.incomplete") }

func (s store) blob(f File) string { return s.path(blobsDir, f.Hash) }

// errMismatch is a file that came whole and is another.
var errMismatch = errors.New("the file is not the one that the hub lists")

// file fetches one file, and puts it into the snapshot. Nobody else does meanwhile.
func (f *fetch) file(ctx context.Context, file File) error {
	if err := os.MkdirAll(f.store.path(blobsDir), 0o777); err != nil {
		return err
	}
	unlock, err := f.store.lock(ctx, file.Hash, f.note)
	if err != nil {
		return err
	}
	defer unlock()
	fresh := false
	if info, err := os.Stat(f.store.blob(file)); err != nil || info.Size() != file.Size { // whoever had the lock may have fetched it
		if f.store.has(f.Commit, file) {
			f.kept(file)
			return nil
		}
		err := f.blob(ctx, file)
		if errors.Is(err, errMismatch) {
			f.note(err.Error() + "; fetching it once more")
			err = f.blob(ctx, file)
		}
		if err != nil {
			return err
		}
		fresh = true
	} else {
		f.kept(file)
	}
	return f.store.place(f.Commit, file, f.client.link, fresh)
}

// blob fetches a file into the blobs. Only what has its size and its hash gets its name.
func (f *fetch) blob(ctx context.Context, file File) (err error) {
	path := f.store.partial(file)
	out, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	d := &download{fetch: f, want: file, out: out}
	defer func() {
		out.Close()
		if errors.Is(err, errMismatch) {
			f.add(-d.have)
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err = d.resume(ctx); err != nil {
		return err
	}
	if err = d.run(ctx); err != nil {
		return err
	}
	if got := hex.EncodeToString(d.hash.Sum(nil)); got != file.Hash {
		return of(ErrDamaged, "%w: its hash is %s, want %s", errMismatch, got, file.Hash)
	}
	if err = out.Sync(); err != nil {
		return err
	}
	if err = out.Close(); err != nil {
		return err
	}
	if err = os.Rename(path, f.store.blob(file)); err != nil {
		return err
	}
	return tensor.SyncDir(f.store.path(blobsDir))
}

// download is a file that is coming.
type download struct {
	*fetch
	want File
	out  *os.File
	have int64     // bytes in out
	hash hash.Hash // of them
}

// newHash computes what the hub calls a file: SHA-256, or git's SHA-1 of a blob, with a header before its bytes.
func newHash(f File) hash.Hash {
	if len(f.Hash) == hex.EncodedLen(sha256.Size) {
		return sha256.New()
	}
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", f.Size)
	return h
}

// restart drops what has come.
func (d *download) restart() error {
	d.add(-d.have)
	d.have, d.hash = 0, newHash(d.want)
	if err := d.out.Truncate(0); err != nil {
		return err
	}
	_, err := d.out.Seek(0, io.SeekStart)
	return err
}

// resume takes what an earlier run has left, which it reads whole for its hash: seconds, of a large file.
func (d *download) resume(ctx context.Context) error {
	d.hash = newHash(d.want)
	n, err := io.Copy(d.hash, until{ctx, d.out})
	if err != nil {
		return err
	}
	d.have = n
	d.progress.Kept += n
	d.add(n)
	if n > d.want.Size {
		return d.restart()
	}
	return nil
}

// until reads as long as its context has not ended.
type until struct {
	ctx context.Context
	io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if u.ctx.Err() != nil {
		return 0, context.Cause(u.ctx)
	}
	return u.Reader.Read(p)
}

// much is what makes up for a connection that was cut: who sends so much in between is not given up.
const much = 1 << 20

// run fetches until all bytes are there.
func (d *download) run(ctx context.Context) error {
	var p patience
	for d.have < d.want.Size {
		before := d.have
		err := d.once(ctx)
		if d.have-before >= much {
			p = patience{}
		}
		if err != nil {
			if err := p.wait(ctx, d.client, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// once asks for what is missing, and takes what comes.
func (d *download) once(ctx context.Context) error {
	a, err := d.client.get(ctx, d.client.file(d.Ref, d.Commit, d.want.Name), d.have)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	length := a.ContentLength // -1 where it is not said
	switch a.StatusCode {
	case http.StatusOK:
		if err := d.restart(); err != nil {
			return err
		}
	case http.StatusPartialContent:
		var begins, ends, size int64
		if n, _ := fmt.Sscanf(a.Header.Get("Content-Range"), "bytes %d-%d/%d", &begins, &ends, &size); n < 2 || begins != d.have {
			if err := d.restart(); err != nil {
				return err
			}
			return &again{err: fmt.Errorf("%s sends other bytes than it was asked for", a.Request.URL.Host)}
		}
	case http.StatusRequestedRangeNotSatisfiable:
		if err := d.restart(); err != nil {
			return err
		}
		return &again{err: fmt.Errorf("%s has not the bytes that it was asked for", a.Request.URL.Host)}
	default:
		if isSigned := !d.client.isHub(a.Request.URL); isSigned && a.StatusCode == http.StatusForbidden {
			return &again{err: fmt.Errorf("%s answers %s: the address may have expired", a.Request.URL.Host, a.Status)} // it is asked for anew
		}
		return d.client.refusal(a, d.Ref, d.want.Name)
	}
	if length >= 0 && d.have+length != d.want.Size {
		return of(ErrDamaged, "%w: it has %d bytes, want %d", errMismatch, d.have+length, d.want.Size)
	}
	return d.copy(ctx, a.Body)
}

// copy appends what comes.
func (d *download) copy(ctx context.Context, body io.Reader) error {
	var out io.Writer = d.out
	if d.client.writer != nil {
		out = d.client.writer(out)
	}
	buffer := make([]byte, 256<<10)
	for {
		n, err := body.Read(buffer)
		if d.have+int64(n) > d.want.Size {
			return of(ErrDamaged, "%w: it has more than %d bytes", errMismatch, d.want.Size)
		}
		written, failed := out.Write(buffer[:n])
		d.hash.Write(buffer[:written])
		d.have += int64(written)
		d.add(int64(written))
		switch {
		case failed != nil:
			return failed
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == io.EOF && d.have < d.want.Size:
			return &again{err: errors.New("the file ended too soon")}
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// place puts a blob into a snapshot: by a link or, where there can be none, itself if nobody else has it.
func (s store) place(commit string, f File, link func(old, name string) error, fresh bool) error {
	name := filepath.Join(s.snapshot(commit), filepath.FromSlash(f.Name))
	if s.has(commit, f) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	up := strings.Repeat(".."+string(filepath.Separator), strings.Count(f.Name, "/")+2)
	temporary, err := tensor.CreateTemporary(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if err := temporary.Close(); err != nil {
		return err
	}
	if err := os.Remove(temporary.Name()); err != nil {
		return err
	}
	if err := link(filepath.Join(up+blobsDir, f.Hash), temporary.Name()); err == nil {
		return errors.Join(os.Rename(temporary.Name(), name), tensor.SyncDir(filepath.Dir(name)))
	}
	if !fresh {
		return copyFile(s.blob(f), name)
	}
	return errors.Join(os.Rename(s.blob(f), name), tensor.SyncDir(filepath.Dir(name)))
}

// copyFile copies a file beside its place first.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return writeBeside(to, func(w io.Writer) error { _, err := io.Copy(w, in); return err })
}

// setRef notes what commit a branch or tag is.
func (s store) setRef(revision, commit string) error {
	if revision == commit || s.commit(revision) == commit {
		return nil
	}
	name := s.path(refsDir, filepath.FromSlash(revision))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return writeBeside(name, func(w io.Writer) error { _, err := io.WriteString(w, commit); return err })
}

// writeBeside writes a file under a hidden name, and gives it its own once it is on the disk.
func writeBeside(name string, write func(io.Writer) error) error {
	out, err := tensor.CreateTemporary(filepath.Dir(name))
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	if err := errors.Join(write(out), out.Sync(), out.Close()); err != nil {
		return err
	}
	return errors.Join(os.Rename(out.Name(), name), tensor.SyncDir(filepath.Dir(name)))
}
