package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/files"
)

// request is one to a review whose token is "token".
type request struct {
	method, path string
	host         string // "" for 127.0.0.1:80
	body         string
	header       map[string]string // beside that of JSON
}

// ask has a review answer a request.
func (r request) ask(v *reviewer) *httptest.ResponseRecorder {
	q := httptest.NewRequest(r.method, "http://127.0.0.1:80/", strings.NewReader(r.body))
	q.URL.Path, q.RequestURI = r.path, r.path
	if r.host != "" {
		q.Host = r.host
	}
	q.Header.Set("Content-Type", "application/json")
	for name, value := range r.header {
		q.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	v.handler("token").ServeHTTP(w, q)
	return w
}

// TestReview serves the page and what it links to, and nothing else, to nobody
// else.
func TestReview(t *testing.T) {
	own := picture("a")
	own.Own = own.Name + modelPart
	dir := folderOf(t, own, picture("b", "why"), notKept("c", "why"))
	for name, data := range map[string]string{"secret.png": "secret", "b.state": "state", own.Own: "the model's"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v := &reviewer{dir: dir}
	get := func(path string) request { return request{method: "GET", path: path} }
	for _, c := range []struct {
		request
		status int
		has    string
	}{
		{get("/token/"), 200, `data-decision="accept"`},
		{get("/token/a.png"), 200, "a.png"},
		{get("/token/a-mask.png"), 200, "a-mask.png"},
		{get("/token/b.json"), 200, "b.json"},
		{get("/token/photograph-1.png"), 200, "photograph"},
		{get("/token/" + own.Own), 200, "the model's"},
		{request{method: "GET", path: "/token/", host: "localhost:8000"}, 200, "Generated defects"},
		{request{method: "GET", path: "/token/", host: "[::1]:8000"}, 200, ""},
		{get("/"), 404, ""},
		{get("/a.png"), 404, ""},
		{get("/wrong/"), 404, ""},
		{get("/wrong/a.png"), 404, ""},
		{get("/token/c.png"), 404, ""},
		{get("/token/index.json"), 404, ""},
		{get("/token/index.html"), 404, ""},
		{get("/token/secret.png"), 404, ""},
		{get("/token/b.state"), 404, ""},
		{get("/token/x/a.png"), 404, ""},
		{get("/token/decide"), 404, ""},
		{request{method: "GET", path: "/token/", host: "evil.example"}, 403, ""},
		{request{method: "GET", path: "/token/", host: "127.0.0.1.evil.example:80"}, 403, ""},
		{request{method: "PUT", path: "/token/a.png"}, 405, ""},
	} {
		w := c.ask(v)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.has) {
			t.Errorf("%s %s of %q: status %d, %.200q; want %d and %q", c.method, c.path, c.host, w.Code, w.Body, c.status, c.has)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: it serves what is not the index's", c.path)
		}
	}
	for _, path := range []string{"/token/../token/a.png", "/token//a.png", "/token/%2e%2e/secret.png", "/token/..", `/token/..\secret.png`, "/token/\x00"} {
		if w := get(path).ask(v); w.Code == 200 {
			t.Errorf("%q: %d, %.200q", path, w.Code, w.Body)
		}
	}
	if err := os.Remove(filepath.Join(dir, "a.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(dir, "secret.png"), filepath.Join(dir, "a.png")); err == nil {
		if w := get("/token/a.png").ask(v); w.Code != 404 || strings.Contains(w.Body.String(), "secret\n") {
			t.Errorf("a link in the place of a picture: %d, %q", w.Code, w.Body)
		}
	}
}

// TestReviewDecides keeps decisions, of the page alone.
func TestReviewDecides(t *testing.T) {
	dir := folderOf(t, picture("a"), picture("b", "why"), notKept("c", "why"))
	v := &reviewer{dir: dir}
	post := func(body string) request { return request{method: "POST", path: "/token/decide", body: body} }
	with := func(r request, name, value string) request {
		r.header = map[string]string{name: value}
		return r
	}
	reject := post(`{"name": "a", "decision": "reject"}`)
	elsewhere, unknown := reject, reject
	elsewhere.host, unknown.path = "evil.example", "/wrong/decide"
	for name, c := range map[string]struct {
		request
		status int
	}{
		"unknown name":   {post(`{"name": "x", "decision": "reject"}`), 422},
		"path":           {post(`{"name": "../a", "decision": "reject"}`), 422},
		"not kept":       {post(`{"name": "c", "decision": "accept"}`), 422},
		"no decision":    {post(`{"name": "a", "decision": "perhaps"}`), 400},
		"no JSON":        {post(`name=a`), 400},
		"more":           {post(`{"name": "a", "decision": "reject", "out": "elsewhere"}`), 400},
		"long":           {post(`{"name": "` + strings.Repeat("a", maxDecision) + `", "decision": "reject"}`), 400},
		"a form":         {with(reject, "Content-Type", "text/plain"), 415},
		"another site":   {with(reject, "Origin", "https://evil.example"), 403},
		"another port":   {with(reject, "Origin", "http://127.0.0.1:81"), 403},
		"a frame":        {with(reject, "Origin", "null"), 403},
		"by the browser": {with(reject, "Sec-Fetch-Site", "cross-site"), 403},
		"another host":   {elsewhere, 403},
		"no token":       {unknown, 404},
	} {
		if w := c.ask(v); w.Code != c.status {
			t.Errorf("%s: status %d, %.200q; want %d", name, w.Code, w.Body, c.status)
		}
	}
	if all, _ := decisions(t, dir); all["a"] != undecided || all["b"] != undecided {
		t.Fatalf("something was decided: %v", all)
	}
	for _, c := range []struct {
		request
		want kept
	}{
		{with(reject, "Origin", "http://127.0.0.1:80"), kept{rejected, "rejected", false, "<b>0 of 3</b>"}},
		{post(`{"name": "b", "decision": "accept"}`), kept{accepted, "accepted", true, "<b>1 of 3</b>"}},
		{post(`{"name": "a", "decision": ""}`), kept{undecided, "good", true, "<b>2 of 3</b>"}},
	} {
		w := c.ask(v)
		var got kept
		err := json.Unmarshal(w.Body.Bytes(), &got)
		if strings.Contains(got.Head, c.want.Head) {
			got.Head = c.want.Head
		}
		if err != nil || w.Code != 200 || got != c.want {
			t.Errorf("%s: status %d, %s, %v; want %+v", c.body, w.Code, w.Body, err, c.want)
		}
	}
	if page := (request{method: "GET", path: "/token/"}).ask(v).Body.String(); !strings.Contains(page, `data-state="accepted" data-rank`) {
		t.Error("the page does not show what was decided")
	}
	held, err := files.Hold(dir)
	if err != nil {
		t.Fatal(err)
	}
	if w := reject.ask(v); w.Code != 409 || !strings.Contains(w.Body.String(), "a run is writing into this folder") {
		t.Errorf("while a run holds the folder: %d, %s", w.Code, w.Body)
	}
	held.Release()
}

// TestReviewDecidesAtOnce: of many decisions none is lost.
func TestReviewDecidesAtOnce(t *testing.T) {
	var all []entry
	for i := range 20 {
		all = append(all, picture(fmt.Sprintf("%02d", i)))
	}
	dir := folderOf(t, all...)
	v := &reviewer{dir: dir}
	var crew sync.WaitGroup
	for _, e := range all {
		crew.Go(func() {
			r := request{method: "POST", path: "/token/decide", body: `{"name": "` + e.Name + `", "decision": "reject"}`}
			if w := r.ask(v); w.Code != 200 {
				t.Errorf("%s: %d, %s", e.Name, w.Code, w.Body)
			}
			if w := (request{method: "GET", path: "/token/"}).ask(v); w.Code != 200 {
				t.Errorf("the page: %d, %s", w.Code, w.Body)
			}
		})
	}
	crew.Wait()
	if _, usable := decisions(t, dir); usable != 0 {
		t.Errorf("%d are usable, want none", usable)
	}
}

// TestReviewOfMany writes the page of many pictures once, at the end.
func TestReviewOfMany(t *testing.T) {
	var all []entry
	for i := range 40 {
		all = append(all, picture(fmt.Sprintf("%02d", i)))
	}
	dir := folderOf(t, all...)
	v := &reviewer{dir: dir}
	before := string(readFile(t, dir, "index.html"))
	if _, err := v.keep("07", rejected); err != nil {
		t.Fatal(err)
	}
	if all, _ := decisions(t, dir); all["07"] != rejected {
		t.Error("the decision is not kept")
	}
	if string(readFile(t, dir, "index.html")) != before {
		t.Error("the page is written after each decision")
	}
	if err := v.finish(); err != nil {
		t.Fatal(err)
	}
	if page := string(readFile(t, dir, "index.html")); strings.Count(page, `data-state="rejected" data-rank`) != 1 {
		t.Error("the page on the disk does not show the decision at the end")
	}
}

// TestServe answers until the context ends, and refuses folders without pictures.
func TestServe(t *testing.T) {
	dir := folderOf(t, picture("a"))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- (&reviewer{dir: dir}).serve(ctx, l, "token") }()
	r, err := http.Get("http://" + l.Addr().String() + "/token/a.png")
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r.Body)
	if err != nil || string(data) != "a.png" || r.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%q, %v, %v", data, r.Header, err)
	}
	r.Body.Close()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("at its end: %v", err)
	}
	nowhere := filepath.Join(dir, "nowhere")
	if err := new(Review).run(t.Context(), nowhere); err == nil || !strings.Contains(err.Error(), "there is no "+nowhere) || files.Exists(nowhere) {
		t.Errorf("nowhere: %v", err)
	}
	if err := (&Review{Port: 70000}).run(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "--port") {
		t.Errorf("port 70000: %v", err)
	}
}
