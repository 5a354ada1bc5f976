package clitest

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// HubCommit is the commit of every model of a Hub.
const HubCommit = "0123456789abcdef0123456789abcdef01234567"

// Hub is a server on this machine that answers as the Hugging Face hub does about models that are folders here. The hub's
// odder answers are tested with package hub.
type Hub struct {
	*httptest.Server
	folders map[string]string // by owner/name

	mu    sync.Mutex
	asked int
	slow  bool
}

// NewHub starts a server, and has this process and the programs that it starts ask it, with a cache of the test's own.
func NewHub(t *testing.T, folders map[string]string) *Hub {
	t.Helper()
	h := &Hub{folders: folders}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	for _, name := range []string{"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN_PATH", "HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, "")
	}
	t.Setenv("HF_ENDPOINT", h.URL)
	t.Setenv("HF_HOME", t.TempDir())
	return h
}

// Asked is how many requests there were.
func (h *Hub) Asked() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// Slowly has files of weights stop after their first half, until the request is given up.
func (h *Hub) Slowly(slow bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.slow = slow
}

// ServeHTTP answers as the hub does.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked++
	slow := h.slow
	h.mu.Unlock()
	for repo, folder := range h.folders {
		if rest, found := strings.CutPrefix(r.URL.Path, "/api/models/"+repo+"/revision/"); found {
			describe(w, folder, rest)
			return
		}
		if name, found := strings.CutPrefix(r.URL.Path, "/"+repo+"/resolve/"+HubCommit+"/"); found {
			give(w, r, filepath.Join(folder, filepath.FromSlash(name)), slow)
			return
		}
	}
	w.Header().Set("X-Error-Code", "RepoNotFound")
	w.WriteHeader(http.StatusUnauthorized)
}

// describe lists a model's files.
func describe(w http.ResponseWriter, folder, revision string) {
	if revision != "main" && revision != HubCommit {
		w.Header().Set("X-Error-Code", "RevisionNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var siblings []map[string]any
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(folder, path)
		one := map[string]any{"rfilename": filepath.ToSlash(name), "size": len(data), "blobId": hashOf(path, data)}
		if isWeights(path) {
			one["lfs"] = map[string]any{"sha256": hashOf(path, data), "size": len(data)}
		}
		siblings = append(siblings, one)
		return err
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"sha": HubCommit, "siblings": siblings, "cardData": map[string]any{"license": "creativeml-openrail-m"}})
}

// give gives a file, or half of it.
func give(w http.ResponseWriter, r *http.Request, path string, slow bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		w.Header().Set("X-Error-Code", "EntryNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", `"`+hashOf(path, data)+`"`)
	w.Header().Set("X-Repo-Commit", HubCommit)
	if !slow || !isWeights(path) {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(data)))
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	_, _ = w.Write(data[:len(data)/2])
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func isWeights(path string) bool { return filepath.Ext(path) == ".safetensors" }

// hashOf is the hash that the hub knows a file by: SHA-256 of large ones, git's of others.
func hashOf(path string, data []byte) string {
	if isWeights(path) {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:])
	}
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(data)), data...))
	return hex.EncodeToString(sum[:])
}
