package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sdgraph/sdgraph/examples/internal/cli"
	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// Review is the command that serves a folder's page to its user, with buttons
// that keep decisions at once.
type Review struct {
	Port int `default:"0" help:"Port of 127.0.0.1 to serve the page at; 0 for any that is free."`
}

// run serves the page until ctx ends.
func (r *Review) run(ctx context.Context, dir string) error {
	if err := cli.Within("--port", r.Port, 0, 1<<16-1); err != nil {
		return err
	}
	v := &reviewer{dir: dir}
	if _, err := v.read(); err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", r.Port))
	if err != nil {
		return fmt.Errorf("--port: %w", err)
	}
	token := rand.Text()
	fmt.Fprintln(os.Stderr, "open this address in a browser; Ctrl-C ends")
	if _, err := fmt.Printf("http://%s/%s/\n", listener.Addr(), token); err != nil {
		return errors.Join(err, listener.Close())
	}
	return v.serve(ctx, listener, token)
}

// reviewer serves a folder. It holds the folder only while it keeps a decision.
type reviewer struct {
	dir string

	mu    sync.Mutex
	index *index // as it was when it was read last
	info  os.FileInfo

	deciding sync.Mutex
	stale    bool // whether the page on the disk is earlier than a decision
}

// serve answers until ctx ends, and then finishes what is under way.
func (v *reviewer) serve(ctx context.Context, listener net.Listener, token string) error {
	server := &http.Server{Handler: v.handler(token), ReadTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		ended <- server.Shutdown(patience)
	})
	err := server.Serve(listener)
	if stop() { // ctx has not ended
		return err
	}
	return errors.Join(<-ended, v.finish())
}

// finish brings the page on the disk up to date.
func (v *reviewer) finish() error {
	v.deciding.Lock()
	defer v.deciding.Unlock()
	if !v.stale {
		return nil
	}
	d, err := openMade(v.dir)
	if errors.Is(err, errBusy) { // the run that holds it will write the page
		return nil
	}
	if err != nil {
		return err
	}
	defer d.Release()
	return d.flush()
}

// maxDecision is the size up to which decisions are read, in bytes.
const maxDecision = 4 << 10

// handler answers who knows the token, under whose path everything is: other
// users of this machine do not, nor do pages of other sites. These are refused
// also when they lead a name of their own to this address, or have a browser post
// something here.
func (v *reviewer) handler(token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+token+"/{$}", v.page)
	mux.HandleFunc("GET /"+token+"/{file}", v.file)
	mux.HandleFunc("POST /"+token+"/decide", v.decide)
	own := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "this is served at 127.0.0.1 only", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		r.Body = http.MaxBytesReader(w, r.Body, maxDecision)
		own.ServeHTTP(w, r)
	})
}

// isLoopback reports whether a request's host, perhaps with a port, is a name of
// this machine for itself. The port is another where it is forwarded.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "127.0.0.1" || host == "localhost" || host == "::1"
}

// read is the folder's index as it is now.
func (v *reviewer) read() (*index, error) {
	if err := wantIndex(v.dir); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	info, err := os.Lstat(filepath.Join(v.dir, "index.json"))
	if err != nil {
		return nil, err
	}
	if v.index != nil && os.SameFile(info, v.info) && info.ModTime().Equal(v.info.ModTime()) {
		return v.index, nil
	}
	x, err := readIndex(v.dir)
	if err != nil {
		return nil, err
	}
	v.index, v.info = x, info
	return x, nil
}

func (v *reviewer) page(w http.ResponseWriter, _ *http.Request) {
	x, err := v.read()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	data, err := x.page(true)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(data)
}

// file serves what the page links to, and nothing else of the folder.
func (v *reviewer) file(w http.ResponseWriter, r *http.Request) {
	x, err := v.read()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	name := r.PathValue("file")
	if !x.links(name) {
		http.NotFound(w, r)
		return
	}
	f, err := files.OpenPlain(filepath.Join(v.dir, name))
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	defer f.Close()
	w.Header().Set("Content-Type", "image/png")
	if strings.HasSuffix(name, ".json") {
		w.Header().Set("Content-Type", "application/json")
	}
	http.ServeContent(w, r, name, time.Time{}, f)
}

// kept is what the page is told of a decision.
type kept struct {
	Decision decision `json:"decision"`
	State    string   `json:"state"`
	Usable   bool     `json:"usable"`
	Head     string   `json:"head"` // of the page, HTML
}

// decide keeps a decision.
func (v *reviewer) decide(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Name     string   `json:"name"`
		Decision decision `json:"decision"`
	}
	if r.Header.Get("Content-Type") != "application/json" {
		http.Error(w, "want JSON", http.StatusUnsupportedMediaType)
		return
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := errors.Join(d.Decode(&asked), asked.Decision.check()); err != nil {
		http.Error(w, "want a picture's name and a decision, accept, reject or nothing", http.StatusBadRequest)
		return
	}
	answer, err := v.keep(asked.Name, asked.Decision)
	switch {
	case errors.Is(err, errBusy):
		http.Error(w, err.Error(), http.StatusConflict)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

// keep keeps a decision about the picture of a name, in index.json.
func (v *reviewer) keep(name string, to decision) (*kept, error) {
	v.deciding.Lock()
	defer v.deciding.Unlock()
	d, err := openMade(v.dir)
	if err != nil {
		return nil, err
	}
	defer d.Release()
	e := d.index.entry(name)
	if e == nil {
		return nil, fmt.Errorf("there is no picture %.300q any more", name)
	}
	if err := e.decidable(); err != nil {
		return nil, err
	}
	if d.index.decide(e, to) {
		if err := d.put(); err != nil { // of many pictures without the page, which finish writes
			return nil, err
		}
		v.stale = d.index.unshown > 0
	}
	head, err := d.index.head(true).html()
	return &kept{e.Decision, e.State(), e.Usable(), head}, err
}
