package hub

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const oneFile = "one.safetensors"

// cut sends the first half of a large file, and then ends the connection.
func (s *stub) cut(w http.ResponseWriter, r *http.Request) {
	data := s.files[strings.TrimPrefix(r.URL.Path, "/cdn/")]
	w.Header().Set("Content-Length", "100000")
	w.Write(data[:50_000])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func (s *stub) partialPath(o Options) string {
	return store{o.Cache, testRepo}.partial(s.listed[oneFile])
}

// fetchOne fetches a repository of one file, and checks it.
func (s *stub) fetchOne(t *testing.T, o Options) {
	t.Helper()
	path, err := Open(t.Context(), testRepo, o)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != string(s.files[oneFile]) || filepath.Base(path) != oneFile {
		t.Errorf("%s has %d bytes, %v", path, len(data), err)
	}
	if _, err := os.Stat(s.partialPath(o)); err == nil {
		t.Error("the partial file is left")
	}
}

// TestCut: what was cut goes on at the right byte, at an address that is asked for anew.
func TestCut(t *testing.T) {
	s := newStub(t, one(100_000))
	s.fault = func(w http.ResponseWriter, r *http.Request, before int) bool {
		if r.URL.Path == "/cdn/"+oneFile && before == 0 {
			s.cut(w, r)
		}
		return false
	}
	s.fetchOne(t, s.options(t))
	if at := s.asked("/cdn/" + oneFile); len(at) != 2 || at[0].bytes != "" || at[1].bytes != "bytes=50000-" {
		t.Errorf("asked for %+v", at)
	}
	if n := len(s.asked("/resolve/" + testCommit + "/" + oneFile)); n != 2 {
		t.Errorf("the address was asked for %d times, want 2", n)
	}
}

// TestResume: what an earlier run has left is not fetched again; a server that knows no ranges sends all of it.
func TestResume(t *testing.T) {
	for name, fault := range map[string]func(w http.ResponseWriter, r *http.Request, before int) bool{
		"ranges": nil,
		"no ranges": func(_ http.ResponseWriter, r *http.Request, _ int) bool {
			r.Header.Del("Range")
			return false
		},
		"416": func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if r.Header.Get("Range") == "" || !strings.HasPrefix(r.URL.Path, "/cdn/") {
				return false
			}
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return true
		},
		"other bytes": func(w http.ResponseWriter, r *http.Request, _ int) bool {
			if r.Header.Get("Range") == "" || !strings.HasPrefix(r.URL.Path, "/cdn/") {
				return false
			}
			w.Header().Set("Content-Range", "bytes 0-99999/100000")
			w.WriteHeader(http.StatusPartialContent)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t, one(100_000))
			s.fault = fault
			o := s.options(t)
			leave(t, s.partialPath(o), s.files[oneFile][:40_000])
			s.fetchOne(t, o)
			if at := s.asked("/cdn/" + oneFile); at[0].bytes != "bytes=40000-" {
				t.Errorf("asked for %+v", at)
			}
		})
	}
	t.Run("all of it", func(t *testing.T) {
		s := newStub(t, one(100_000))
		o := s.options(t)
		leave(t, s.partialPath(o), s.files[oneFile])
		s.fetchOne(t, o)
		if at := s.asked("/cdn/" + oneFile); len(at) > 0 {
			t.Errorf("asked for %+v", at)
		}
	})
	t.Run("too much", func(t *testing.T) {
		s := newStub(t, one(100))
		o := s.options(t)
		leave(t, s.partialPath(o), make([]byte, 101))
		s.fetchOne(t, o)
	})
	t.Run("other bytes before", func(t *testing.T) { // the hash says so, and all of it comes anew
		s := newStub(t, one(100_000))
		o := s.options(t)
		leave(t, s.partialPath(o), make([]byte, 40_000))
		s.fetchOne(t, o)
	})
}

func leave(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, data, 0o666)); err != nil {
		t.Fatal(err)
	}
}

// TestWrongBytes: a file that is not the listed one is tried twice, and leaves nothing.
func TestWrongBytes(t *testing.T) {
	for name, wrong := range map[string]func(data []byte) []byte{
		"a bit":  func(d []byte) []byte { d[77] ^= 1; return d },
		"short":  func(d []byte) []byte { return d[:99_999] },
		"long":   func(d []byte) []byte { return append(d, 0) },
		"no end": func(d []byte) []byte { return append(d, make([]byte, 1<<20)...) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t, one(100_000))
			want := s.listed[oneFile].Hash
			s.files[oneFile] = wrong(s.files[oneFile])
			if name == "no end" {
				s.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
					if strings.HasPrefix(r.URL.Path, "/cdn/") {
						w.WriteHeader(200)
						w.(http.Flusher).Flush() // so that there is no length
						w.Write(s.files[oneFile])
						return true
					}
					return false
				}
			}
			o := s.options(t)
			_, err := Open(t.Context(), testRepo, o)
			if !errors.Is(err, ErrDamaged) || name == "a bit" && !(strings.Contains(err.Error(), want) && strings.Contains(err.Error(), hashOf(oneFile, s.files[oneFile]))) {
				t.Errorf("error %v", err)
			}
			if n := len(s.asked("/cdn/" + oneFile)); n != 2 {
				t.Errorf("it was asked for %d times, want 2", n)
			}
			if left, _ := filepath.Glob(filepath.Join(o.Cache, "models--*/*/*")); len(left) > 0 {
				t.Errorf("left: %s", left)
			}
		})
	}
}

// TestKilled: a process that ended between a blob and its link left work that the next one does without a transfer.
func TestKilled(t *testing.T) {
	s := newStub(t, one(1000))
	o := s.options(t)
	leave(t, store{o.Cache, testRepo}.blob(s.listed[oneFile]), s.files[oneFile])
	s.fetchOne(t, o)
	if at := s.asked("/cdn/" + oneFile); len(at) > 0 {
		t.Errorf("asked for %+v", at)
	}
	dir := store{o.Cache, testRepo}.snapshot(testCommit)
	if err := os.Remove(store{o.Cache, testRepo}.blob(s.listed[oneFile])); err != nil { // a link that leads nowhere
		t.Fatal(err)
	}
	s.fetchOne(t, o)
	if _, err := os.Stat(filepath.Join(dir, oneFile)); err != nil {
		t.Error(err)
	}
}

// full is a disk with room for so many bytes.
type full struct {
	io.Writer
	room int
}

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, &os.PathError{Op: "write", Path: "file", Err: syscall.ENOSPC}
	}
	return f.Writer.Write(p)
}

// TestFullDisk: what has come stays, and the next try goes on.
func TestFullDisk(t *testing.T) {
	s := newStub(t, one(1_000_000))
	o := s.options(t)
	o.writer = func(w io.Writer) io.Writer { return &full{w, 600_000} }
	_, err := Open(t.Context(), testRepo, o)
	if isFull(syscall.ENOSPC) && !errors.Is(err, ErrNoSpace) || err == nil {
		t.Errorf("error %v", err)
	}
	info, err := os.Stat(s.partialPath(o))
	if err != nil || info.Size() == 0 {
		t.Fatalf("%v, %v", info, err)
	}
	o.writer = nil
	s.fetchOne(t, o)
	if at := s.asked("/cdn/" + oneFile); len(at) != 2 || at[1].bytes == "" {
		t.Errorf("asked for %+v", at)
	}
	s.listed[oneFile] = File{oneFile, 1 << 44, s.listed[oneFile].Hash}
	o = s.options(t)
	if _, err := Open(t.Context(), testRepo, o); freeIn(o.Cache) >= 0 && !errors.Is(err, ErrNoSpace) {
		t.Errorf("16 TB: %v", err)
	}
}

// TestCancelled: the end of the context ends a transfer that stands still, at once, and what has come stays.
func TestCancelled(t *testing.T) {
	s := newStub(t, one(100_000))
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.fault = func(w http.ResponseWriter, r *http.Request, before int) bool {
		if !strings.HasPrefix(r.URL.Path, "/cdn/") || before > 0 {
			return false
		}
		w.Header().Set("Content-Length", "100000")
		w.Write(s.files[oneFile][:50_000])
		w.(http.Flusher).Flush()
		<-hold
		return true
	}
	o := s.options(t)
	p, err := look(ctx, testRepo, o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Fetch(ctx, func(p Progress) {
		if p.Done == 50_000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if info, err := os.Stat(s.partialPath(o)); err != nil || info.Size() != 50_000 {
		t.Errorf("%v, %v", info, err)
	}
	s.fetchOne(t, o)
	if _, err := Look(ctx, Ref{Repo: testRepo}, s.options(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("a list: %v", err)
	}
}

// TestCancelledBefore: a context that has ended stops what reads a partial file for its hash, too.
func TestCancelledBefore(t *testing.T) {
	s := newStub(t, one(100_000))
	o := s.options(t)
	leave(t, s.partialPath(o), s.files[oneFile][:40_000])
	p, err := look(t.Context(), testRepo, o)
	if err != nil {
		t.Fatal(err)
	}
	if p.Begun() != 40_000 || !strings.Contains(p.String(), "1 file, 100 kB, of which 40.0 kB are there, into ") {
		t.Errorf("%d bytes are there: %s", p.Begun(), p)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	kept := int64(0)
	if _, err = p.Fetch(ctx, func(p Progress) { kept = p.Kept }); !errors.Is(err, context.Canceled) || kept > 0 {
		t.Errorf("error %v, %d bytes were read", err, kept)
	}
	if info, err := os.Stat(s.partialPath(o)); err != nil || info.Size() != 40_000 {
		t.Errorf("%v, %v", info, err)
	}
	if at := s.asked("/cdn/" + oneFile); len(at) > 0 {
		t.Errorf("asked for %+v", at)
	}
	s.fetchOne(t, o)
}
