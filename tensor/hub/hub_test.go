package hub

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWhole fetches a model, and then finds it without a request.
func TestWhole(t *testing.T) {
	s := newStub(t, tiny(t))
	o := s.options(t)
	p, err := look(t.Context(), testRepo, o)
	if err != nil {
		t.Fatal(err)
	}
	n, bytes := p.Missing()
	var sum int64
	for _, name := range wanted {
		sum += int64(len(s.files[name]))
	}
	if n != len(wanted) || bytes != sum || p.Licence != "mit" || p.Commit != testCommit {
		t.Errorf("%d files, %d bytes, licence %q of %s", n, bytes, p.Licence, p.Commit)
	}
	for _, part := range []string{testRepo + " (main, 0123456): 11 files, ", " into " + o.Cache, " free. Licence: mit."} {
		if !strings.Contains(p.String(), part) {
			t.Errorf("%q does not say %q", p, part)
		}
	}
	var last Progress
	dir, err := p.Fetch(t.Context(), func(p Progress) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	s.checkWhole(t, dir)
	if last.Done != sum || last.Total != sum {
		t.Errorf("progress ended at %d of %d, want %d", last.Done, last.Total, sum)
	}
	if ref, err := os.ReadFile(filepath.Join(o.Cache, "models--maker--tiny/refs/main")); string(ref) != testCommit {
		t.Errorf("refs/main is %q, %v", ref, err)
	}
	before := s.count()
	if again := s.fetchWhole(t, o, testRepo); again != dir || s.count() != before {
		t.Errorf("the second time: %s by %d requests", again, s.count()-before)
	}
	o.Offline = true
	s.fetchWhole(t, o, testRepo+"@"+testCommit)
	if s.count() != before {
		t.Error("offline the server was asked")
	}
}

// TestLinks: what is in a snapshot are relative links to blobs, and without links the files themselves.
func TestLinks(t *testing.T) {
	s := newStub(t, tiny(t))
	o := s.options(t)
	dir := s.fetchWhole(t, o, testRepo)
	if to, err := os.Readlink(filepath.Join(dir, "unet/config.json")); runtime.GOOS != "windows" && to != filepath.FromSlash("../../../blobs/"+s.listed["unet/config.json"].Hash) {
		t.Errorf("a link leads to %q, %v", to, err)
	}
	o = s.options(t)
	o.link = func(string, string) error { return errors.New("a privilege is missing") }
	dir = s.fetchWhole(t, o, testRepo)
	if info, err := os.Lstat(filepath.Join(dir, "unet/config.json")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("without links: %v, %v", info, err)
	}
	before := s.count()
	if s.fetchWhole(t, o, testRepo); s.count() != before {
		t.Error("without links files are fetched twice")
	}
}

func TestRenamed(t *testing.T) {
	s := newStub(t, tiny(t))
	s.old, s.gated, s.token = "former/name", true, "secret"
	o := s.options(t)
	o.Token = "secret" // the redirect is relative, so it stays
	if dir := s.fetchWhole(t, o, "former/name"); !strings.Contains(dir, "models--former--name") {
		t.Error(dir)
	}
}

func TestRevisions(t *testing.T) {
	s := newStub(t, tiny(t))
	for _, revision := range []string{"v1", "refs/pr/1", testCommit} {
		o := s.options(t)
		s.fetchWhole(t, o, testRepo+"@"+revision)
		_, err := os.Stat(filepath.Join(o.Cache, "models--maker--tiny/refs", revision))
		if isCommit := revision == testCommit; (err == nil) == isCommit {
			t.Errorf("refs/%s: %v", revision, err)
		}
	}
	if _, err := Open(t.Context(), testRepo+"@v9", s.options(t)); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), `no revision "v9"`) {
		t.Errorf("an unknown revision: %v", err)
	}
	if _, err := Open(t.Context(), "maker/other", s.options(t)); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "HF_TOKEN") {
		t.Errorf("an unknown model: %v", err)
	}
	if _, err := Open(t.Context(), testRepo+":none.safetensors", s.options(t)); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown file: %v", err)
	}
}

// TestTree: a server whose list has no sizes is asked for the tree, page by page.
func TestTree(t *testing.T) {
	s := newStub(t, tiny(t))
	s.pages = true
	s.fetchWhole(t, s.options(t), testRepo)
	if n := len(s.asked("/tree/" + testCommit)); n != 2 {
		t.Errorf("%d pages were asked for, want 2", n)
	}
}

func TestMissingOnServer(t *testing.T) {
	s := newStub(t, tiny(t))
	delete(s.files, "vae/config.json")
	if _, err := Open(t.Context(), testRepo, s.options(t)); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "vae/config.json") {
		t.Errorf("error %v", err)
	}
}

func TestGated(t *testing.T) {
	s := newStub(t, tiny(t))
	s.gated, s.token = true, "secret"
	o := s.options(t)
	_, err := Open(t.Context(), testRepo, o)
	if !errors.Is(err, ErrGated) || !strings.Contains(err.Error(), s.URL+"/"+testRepo) || !strings.Contains(err.Error(), "HF_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
	o.Token = "other"
	if _, err := Open(t.Context(), testRepo, o); !errors.Is(err, ErrGated) || strings.Contains(err.Error(), "other") {
		t.Errorf("with another's token: %v", err)
	}
	t.Setenv("HF_TOKEN", " secret\n")
	o.Token = ""
	s.fetchWhole(t, o, testRepo)
	if err := os.WriteFile(filepath.Join(os.Getenv("HF_HOME"), "token"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HF_TOKEN", "")
	o.Cache = t.TempDir()
	s.fetchWhole(t, o, testRepo)
}

// TestTokenStays: the token is for the hub's host, and no other sees it.
func TestTokenStays(t *testing.T) {
	s := newStub(t, tiny(t))
	o := s.options(t)
	o.Token = "secret"
	s.fetchWhole(t, o, testRepo)
	elsewhere := 0
	for _, x := range s.seen {
		if x.host == "localhost" {
			elsewhere++
		}
		if isHub := x.host == "127.0.0.1"; isHub != (x.token == "Bearer secret") || !isHub && x.token != "" {
			t.Errorf("%s%s has seen the token %q", x.host, x.path, x.token)
		}
	}
	if elsewhere != 3 {
		t.Errorf("%d files came from the second host, want 3", elsewhere)
	}
}

// TestUnsafeNames: a list that names a file outside is not followed at all.
func TestUnsafeNames(t *testing.T) {
	for _, name := range []string{"../evil.json", "/etc/evil", `unet\evil.json`, "unet/../../evil", "CON", "unet/nul.json", "a/COM1.txt", "C:evil", "unet//x", "unet/x.", "a\x00b"} {
		s := newStub(t, tiny(t))
		s.listed[name] = File{name, 3, strings.Repeat("b", 40)}
		o := s.options(t)
		if _, err := Open(t.Context(), testRepo, o); !errors.Is(err, ErrServer) {
			t.Errorf("%q: %v", name, err)
		}
		if left := readTree(t, o.Cache); len(left) > 0 {
			t.Errorf("%q: %d files were written", name, len(left))
		}
	}
}

func TestRedirectLoop(t *testing.T) {
	s := newStub(t, tiny(t))
	s.fault = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		w.Header().Set("Location", r.URL.Path)
		w.WriteHeader(http.StatusFound)
		return true
	}
	if _, err := Open(t.Context(), testRepo, s.options(t)); !errors.Is(err, ErrServer) || !strings.Contains(err.Error(), "loop") {
		t.Errorf("error %v", err)
	}
}

// TestPatience: busy servers are asked again, when they say or after a while that doubles, and not for ever.
func TestPatience(t *testing.T) {
	s := newStub(t, tiny(t))
	o := s.options(t)
	var waits []time.Duration
	o.wait = func(d time.Duration) { waits = append(waits, d) }
	s.fault = func(w http.ResponseWriter, r *http.Request, before int) bool {
		switch {
		case strings.Contains(r.URL.Path, "/revision/") && before == 0:
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		case strings.HasSuffix(r.URL.Path, "vae/config.json") && before < 3:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			return false
		}
		return true
	}
	s.fetchWhole(t, o, testRepo)
	if want := []time.Duration{7 * time.Second, time.Second, 2 * time.Second, 4 * time.Second}; !slices.Equal(waits, want) {
		t.Errorf("waited %v, want %v", waits, want)
	}
	s = newStub(t, tiny(t))
	waits = nil
	s.fault = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	other := s.options(t)
	other.wait = o.wait
	if _, err := Open(t.Context(), testRepo, other); !errors.Is(err, ErrServer) || len(waits) != 6 || waits[5] != 32*time.Second {
		t.Errorf("after %v: %v", waits, err)
	}
}

// TestOffline: without a way to the hub the newest whole snapshot does, and what is not there is said.
func TestOffline(t *testing.T) {
	s := newStub(t, tiny(t))
	o := s.options(t)
	dir := s.fetchWhole(t, o, testRepo+"@"+testCommit) // which notes no branch
	s.Close()
	p, err := look(t.Context(), testRepo, o)
	if err != nil || p.Path() != dir || !strings.Contains(p.Note, testCommit[:7]) || !strings.Contains(p.Note, "cannot be reached") {
		t.Fatalf("%+v, %v", p, err)
	}
	t.Setenv("HF_HUB_OFFLINE", "1")
	if p, err := look(t.Context(), testRepo, o); err != nil || !strings.Contains(p.Note, "HF_HUB_OFFLINE") {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := look(t.Context(), testRepo+"@v1", o); !errors.Is(err, ErrOffline) {
		t.Errorf("another revision: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "vae/diffusion_pytorch_model.safetensors")); err != nil {
		t.Fatal(err)
	}
	_, err = look(t.Context(), testRepo+"@"+testCommit, o)
	if !errors.Is(err, ErrOffline) || !strings.Contains(err.Error(), "vae/ has no weights") || !strings.Contains(err.Error(), "hf download "+testRepo) {
		t.Errorf("a part is missing: %v", err)
	}
}

// TestCached lists what is there.
func TestCached(t *testing.T) {
	s := newStub(t, tiny(t))
	o := s.options(t)
	if all, err := Cached(o); len(all) > 0 || err != nil {
		t.Errorf("an empty cache has %v, %v", all, err)
	}
	s.fetchWhole(t, o, testRepo+"@v1")
	dir := s.fetchWhole(t, o, testRepo)
	all, err := Cached(o)
	if err != nil || len(all) != 1 || all[0].Repo != testRepo || len(all[0].Snapshots) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	got := all[0].Snapshots[0]
	if got.Path != dir || got.Lacks != "" || got.Commit != testCommit || !slices.Equal(got.Refs, []string{"main", "v1"}) || got.Size == 0 {
		t.Errorf("%+v", got)
	}
	for card, want := range map[string]string{
		"---\nlicense: mit\ntags: [x]\n---\n# A model\nlicense: other\n": "mit", "---\r\nlicense: \"other\"\r\nlicense_name: own\x1b[2J\r\n---\r\n": "own[2J",
		"# A model\n\nlicense: mit\n": "", "---\nlicense: mit\n": "", "---\ntags: [x]\n---\n": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte(card), 0o600); err != nil {
			t.Fatal(err)
		}
		if all, err := Cached(o); err != nil || all[0].Snapshots[0].Licence != want {
			t.Errorf("the card %q: %+v, %v", card, all, err)
		}
	}
	os.Remove(filepath.Join(dir, "unet/config.json"))
	if all, err := Cached(o); err != nil || !strings.Contains(all[0].Snapshots[0].Lacks, "unet/ has no config.json") {
		t.Errorf("%+v, %v", all, err)
	}
}
