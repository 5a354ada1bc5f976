package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testRepo   = "maker/tiny"
	testCommit = "0123456789abcdef0123456789abcdef01234567"
)

// stub is a server that behaves like the hub's: small files come from it, large ones by a redirect from another host.
type stub struct {
	*httptest.Server
	files  map[string][]byte
	repo   string // its name
	old    string // a name that it had before
	refs   map[string]string
	gated  bool
	token  string // that gated files are given for
	listed map[string]File
	pages  bool // the list has no sizes, and the tree two pages

	// fault answers in the server's place, if it wants: a request, and how many there were before for this path.
	fault func(w http.ResponseWriter, r *http.Request, before int) bool

	mu   sync.Mutex
	seen []seen
}

type seen struct{ host, path, bytes, token string }

func newStub(t *testing.T, files map[string][]byte) *stub {
	s := &stub{files: files, repo: testRepo, refs: map[string]string{"main": testCommit, "v1": testCommit, "refs/pr/1": testCommit}, listed: map[string]File{}}
	for name, data := range files {
		s.listed[name] = File{name, int64(len(data)), hashOf(name, data)}
	}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func isLarge(name string) bool { return strings.HasSuffix(name, weightsExt) }

func hashOf(name string, data []byte) string {
	if isLarge(name) {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:])
	}
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
	return hex.EncodeToString(sum[:])
}

// faulty sets the fault for requests of other processes, which the race detector does not see come after it.
func (s *stub) faulty(fault func(w http.ResponseWriter, r *http.Request, before int) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// ServeHTTP answers as the hub does.
func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ":")
	now := seen{host, r.URL.Path, r.Header.Get("Range"), r.Header.Get("Authorization")}
	s.mu.Lock()
	before := 0
	for _, x := range s.seen {
		if x.path == now.path {
			before++
		}
	}
	s.seen = append(s.seen, now)
	s.mu.Unlock()
	if r.Header.Get("Accept-Encoding") != "identity" || !strings.HasPrefix(r.UserAgent(), "sdgraph/") {
		http.Error(w, "not a client of this project", http.StatusTeapot)
		return
	}
	if s.fault != nil && s.fault(w, r, before) {
		return
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if s.old != "" && strings.Contains(path, s.old) {
		w.Header().Set("Location", "/"+strings.Replace(path, s.old, s.repo, 1)+"?"+r.URL.RawQuery)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return
	}
	if rest, found := strings.CutPrefix(path, "api/models/"+s.repo+"/"); found {
		s.api(w, r, rest)
	} else if rest, found := strings.CutPrefix(path, s.repo+"/resolve/"+testCommit+"/"); found {
		s.resolve(w, r, rest)
	} else if name, found := strings.CutPrefix(path, "cdn/"); found && host == "localhost" {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(s.files[name])))
	} else {
		refuse(w, http.StatusUnauthorized, "RepoNotFound")
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("X-Error-Code", code)
	w.WriteHeader(status)
}

func (s *stub) names() (names []string) {
	for name := range s.listed {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *stub) api(w http.ResponseWriter, r *http.Request, rest string) {
	kind, revision, _ := strings.Cut(rest, "/")
	if kind == "tree" {
		s.tree(w, r)
		return
	}
	commit := s.refs[revision]
	if revision == testCommit {
		commit = testCommit
	}
	if commit == "" {
		refuse(w, http.StatusNotFound, "RevisionNotFound")
		return
	}
	var siblings []map[string]any
	for _, name := range s.names() {
		f := s.listed[name]
		one := map[string]any{"rfilename": name}
		if !s.pages {
			one["size"], one["blobId"] = f.Size, f.Hash
			if isLarge(name) {
				one["blobId"], one["lfs"] = strings.Repeat("a", 40), map[string]any{"sha256": f.Hash, "size": f.Size}
			}
		}
		siblings = append(siblings, one)
	}
	json.NewEncoder(w).Encode(map[string]any{"sha": commit, "siblings": siblings, "cardData": map[string]any{"license": "mit"}})
}

func (s *stub) tree(w http.ResponseWriter, r *http.Request) {
	names := s.names()
	half := len(names) / 2
	if r.URL.Query().Get("cursor") == "" {
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?recursive=true&cursor=2>; rel="next"`, s.URL, r.URL.Path))
		names = names[:half]
	} else {
		names = names[half:]
	}
	entries := []map[string]any{{"type": "directory", "path": "unet", "oid": "x"}}
	for _, name := range names {
		f := s.listed[name]
		one := map[string]any{"type": "file", "path": name, "size": f.Size, "oid": f.Hash}
		if isLarge(name) {
			one["oid"], one["lfs"] = strings.Repeat("a", 40), map[string]any{"oid": f.Hash, "size": f.Size}
		}
		entries = append(entries, one)
	}
	json.NewEncoder(w).Encode(entries)
}

func (s *stub) resolve(w http.ResponseWriter, r *http.Request, name string) {
	data, found := s.files[name]
	switch {
	case s.gated && (s.token == "" || r.Header.Get("Authorization") != "Bearer "+s.token):
		refuse(w, http.StatusForbidden, "GatedRepo")
	case !found:
		refuse(w, http.StatusNotFound, "EntryNotFound")
	case isLarge(name):
		w.Header().Set("X-Linked-ETag", strconv.Quote(hashOf(name, data)))
		w.Header().Set("X-Repo-Commit", testCommit)
		_, port, _ := strings.Cut(r.Host, ":")
		w.Header().Set("Location", "http://localhost:"+port+"/cdn/"+name+"?Signature=secret")
		w.WriteHeader(http.StatusFound)
	default:
		w.Header().Set("ETag", "W/"+strconv.Quote(hashOf(name, data)))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(data)))
	}
}

// asked are the requests for a path that ends so.
func (s *stub) asked(end string) (all []seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.seen {
		if strings.HasSuffix(x.path, end) {
			all = append(all, x)
		}
	}
	return all
}

// count is the number of requests.
func (s *stub) count() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.seen) }

// options are for this server and a cache of the test's own; waiting takes no time.
func (s *stub) options(t *testing.T) Options {
	alone(t)
	return Options{Endpoint: s.URL, Cache: t.TempDir(), wait: func(time.Duration) {}}
}

// alone takes the environment's variables away that would lead elsewhere.
func alone(t *testing.T) {
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN_PATH", "XDG_CACHE_HOME", "HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, "")
	}
	t.Setenv("HF_HOME", t.TempDir())
}

// tiny is the small model of testdata, as a repository, with what is in published ones beside.
func tiny(t *testing.T) map[string][]byte {
	t.Helper()
	files := readTree(t, "../../testdata/models/a")
	for name := range files {
		if strings.HasPrefix(name, "clip/") {
			delete(files, name)
		}
	}
	for _, name := range []string{"README.md", "model.ckpt", "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.non_ema.safetensors", "unet/flax_model.msgpack", "safety_checker/model.safetensors", "v1-5-pruned.safetensors", "picture.png"} {
		files[name] = []byte("not wanted: " + name)
	}
	return files
}

// wanted are the names of tiny's files that are fetched.
var wanted = []string{
	"model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json", "text_encoder/model.safetensors",
	"tokenizer/merges.txt", "tokenizer/tokenizer_config.json", "tokenizer/vocab.json",
	"unet/config.json", "unet/diffusion_pytorch_model.safetensors", "vae/config.json", "vae/diffusion_pytorch_model.safetensors",
}

func readTree(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		files[filepath.ToSlash(name)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// fetchWhole fetches tiny, and checks every byte of it.
func (s *stub) fetchWhole(t *testing.T, o Options, ref string) string {
	t.Helper()
	dir, err := Open(t.Context(), ref, o)
	if err != nil {
		t.Fatal(err)
	}
	s.checkWhole(t, dir)
	return dir
}

func (s *stub) checkWhole(t *testing.T, dir string) {
	t.Helper()
	got := readTree(t, dir)
	for _, name := range wanted {
		if string(got[name]) != string(s.files[name]) {
			t.Errorf("%s: %d bytes, want the %d of the repository", name, len(got[name]), len(s.files[name]))
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("%s was fetched, too", name)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "../../blobs/*incomplete*"))
	if len(left) > 0 {
		t.Errorf("left: %s", left)
	}
}

// one is a repository of one file of weights, of so many bytes.
func one(n int) map[string][]byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * 7 / 3)
	}
	return map[string][]byte{"one.safetensors": data}
}

func look(ctx context.Context, ref string, o Options) (*Plan, error) {
	r, err := ParseRef(ref)
	if err != nil {
		return nil, err
	}
	return Look(ctx, r, o)
}
