package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
)

// File is a file of a repository.
type File struct {
	Name string // its path in the repository
	Size int64  // in bytes
	Hash string // in hex: SHA-256, of 64 digits, or git's SHA-1 of a blob, of 40
}

// listing is what the hub says of a repository at a revision.
type listing struct {
	commit  string
	licence string // "" for none
	files   []File
}

// Bounds on what a server may send.
const (
	mostJSON  = 64 << 20
	mostFiles = 200_000
	mostPages = 1000
)

// modelInfo is the hub's answer.
type modelInfo struct {
	SHA      string    `json:"sha"`
	Siblings []sibling `json:"siblings"`
	Tags     []string  `json:"tags"`
	CardData json.RawMessage
}

type sibling struct {
	Name string    `json:"rfilename"`
	Size *int64    `json:"size"`
	Blob string    `json:"blobId"`
	LFS  *lfsEntry `json:"lfs"`
}

// lfsEntry is of a large file, whose hash either form of the list names differently.
type lfsEntry struct {
	SHA256 string `json:"sha256"`
	OID    string `json:"oid"`
	Size   int64  `json:"size"`
}

// list asks the hub what a repository holds.
func (c *client) list(ctx context.Context, r Ref) (*listing, error) {
	owner, name, _ := strings.Cut(r.Repo, "/")
	address := c.at("api", "models", owner, name, "revision", r.revision())
	address.RawQuery = "blobs=true"
	var info modelInfo
	if _, err := c.json(ctx, address, r, &info); err != nil {
		return nil, err
	}
	if !commitForm.MatchString(info.SHA) {
		return nil, of(ErrServer, "%s: the commit of %s is %.60q, want 40 hexadecimal digits", c.hub.Host, r, info.SHA)
	}
	l := &listing{commit: info.SHA, licence: info.licence()}
	for _, s := range info.Siblings {
		f, complete := s.file()
		if !complete { // as of servers that do not heed blobs=true
			var err error
			l.files, err = c.tree(ctx, r, info.SHA)
			if err != nil {
				return nil, err
			}
			break
		}
		l.files = append(l.files, f)
	}
	return l, l.check(r)
}

// file is an entry of the list; false where its size or its hash is missing.
func (s sibling) file() (File, bool) {
	f := File{Name: s.Name, Hash: s.Blob}
	if s.Size != nil {
		f.Size = *s.Size
	}
	if s.LFS != nil {
		f.Size, f.Hash = s.LFS.Size, s.LFS.SHA256
	}
	return f, (s.Size != nil || s.LFS != nil) && f.Hash != ""
}

// treeEntry is a file, or a folder, in the list of a tree.
type treeEntry struct {
	Type string    `json:"type"`
	Path string    `json:"path"`
	Size int64     `json:"size"`
	OID  string    `json:"oid"`
	LFS  *lfsEntry `json:"lfs"`
}

// tree lists the files of a commit page by page.
func (c *client) tree(ctx context.Context, r Ref, commit string) (all []File, err error) {
	owner, name, _ := strings.Cut(r.Repo, "/")
	address := c.at("api", "models", owner, name, "tree", commit)
	address.RawQuery = "recursive=true"
	for range mostPages {
		var page []treeEntry
		next, err := c.json(ctx, address, r, &page)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			f := File{e.Path, e.Size, e.OID}
			if e.LFS != nil {
				f.Size, f.Hash = e.LFS.Size, e.LFS.OID
			}
			if e.Type == "file" {
				all = append(all, f)
			}
		}
		if len(all) > mostFiles || next == nil {
			return all, nil
		}
		address = next
	}
	return nil, of(ErrServer, "%s: the list of %s has more than %d pages", c.hub.Host, r, mostPages)
}

// json asks for a value, which it decodes, and returns the address of the next page, nil for none.
func (c *client) json(ctx context.Context, address *url.URL, r Ref, v any) (next *url.URL, err error) {
	text, a, err := c.text(ctx, address, r, "", mostJSON)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return nil, of(ErrServer, "%s does not answer the question for %s in JSON: %w", c.hub.Host, r, err)
	}
	if link := nextPage.FindStringSubmatch(a.Header.Get("Link")); link != nil {
		if next, err = a.Request.URL.Parse(link[1]); err != nil || !c.isHub(next) {
			return nil, of(ErrServer, "%s: the next page of the list of %s is elsewhere", c.hub.Host, r)
		}
	}
	return next, nil
}

var nextPage = regexp.MustCompile(`<([^>]*)>\s*;\s*rel="?next"?`)

// text asks for what is short.
func (c *client) text(ctx context.Context, address *url.URL, r Ref, what string, limit int64) (text []byte, a *answer, err error) {
	err = c.patiently(ctx, func() error {
		a, err = c.get(ctx, address, 0)
		if err != nil {
			return err
		}
		defer a.Body.Close()
		if a.StatusCode != 200 {
			return c.refusal(a, r, what)
		}
		text, err = io.ReadAll(io.LimitReader(a.Body, limit+1))
		if err == nil && int64(len(text)) > limit {
			err = of(ErrServer, "%s sends more than %d bytes for %s %s", c.hub.Host, limit, r, what)
		}
		return err
	})
	return text, a, err
}

// check returns an error where a list is one that no hub gives.
func (l *listing) check(r Ref) error {
	if len(l.files) > mostFiles {
		return of(ErrServer, "%s lists more than %d files", r, mostFiles)
	}
	names := map[string]bool{}
	for _, f := range l.files {
		switch err := checkName(f.Name); {
		case err != nil:
			return of(ErrServer, "%s lists a file %.100q, which is not fetched, nor is anything else: %w", r, f.Name, err)
		case names[f.Name]:
			return of(ErrServer, "%s lists a file %.100q twice", r, f.Name)
		case f.Size < 0 || f.Size > 1<<44:
			return of(ErrServer, "%s lists a file %.100q of %d bytes", r, f.Name, f.Size)
		case !hashForm.MatchString(f.Hash):
			return of(ErrServer, "%s lists a file %.100q without a hash: %.80q", r, f.Name, f.Hash)
		}
		names[f.Name] = true
	}
	return nil
}

// hashForm is that of git's SHA-1 and of SHA-256.
var hashForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// licence is what the model's card says.
func (m modelInfo) licence() string {
	var card struct {
		Licence any    `json:"license"`
		Name    string `json:"license_name"`
	}
	_ = json.Unmarshal(m.CardData, &card) // what is no card says nothing
	text := ""
	switch l := card.Licence.(type) {
	case string:
		text = l
	case []any:
		text = strings.Trim(fmt.Sprint(l...), "[]")
	}
	if text == "other" && card.Name != "" {
		text = card.Name
	}
	for _, tag := range m.Tags {
		if name, found := strings.CutPrefix(tag, "license:"); found && text == "" {
			text = name
		}
	}
	return printable(text)
}

// printable leaves out what a terminal would obey.
func printable(text string) string {
	clean := strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			return -1
		}
		return c
	}, text)
	return clean[:min(len(clean), 80)]
}
