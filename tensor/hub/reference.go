package hub

import (
	"cmp"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// Ref names a model of the hub, or a file of one.
type Ref struct {
	Repo     string // "owner/name"
	Revision string // a branch, a tag or a commit; "" for "main"
	File     string // the path of a .safetensors file in it; "" for the model as a whole
}

// mainRevision is the branch that every repository has.
const mainRevision = "main"

var (
	repoForm   = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*/[A-Za-z0-9_][A-Za-z0-9._-]*$`)
	commitForm = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// publicHosts are those of addresses that are pasted from a browser.
var publicHosts = []string{"huggingface.co", "www.huggingface.co", "hf.co"}

// ParseRef reads a reference: owner/name, owner/name@revision, either with :FILE.safetensors behind it, or the address of
// a model or of a file on the hub's site. Names are of letters, digits and . _ -. The error is ErrArgument; what it is
// for must not be the path of a file on the disk, which ParseRef cannot know.
func ParseRef(text string) (Ref, error) {
	var r Ref
	if rest, isAddress := cutScheme(text); isAddress {
		var err error
		if r, err = parseAddress(text, rest); err != nil {
			return Ref{}, err
		}
	} else {
		rest, file, hasFile := strings.Cut(text, ":")
		repo, revision, hasRevision := strings.Cut(rest, "@")
		r = Ref{repo, revision, file}
		if hasFile && file == "" || hasRevision && revision == "" {
			return Ref{}, of(ErrArgument, "%.100q ends too soon, want owner/name, owner/name@revision or owner/name:FILE.safetensors", text)
		}
	}
	if err := r.check(); err != nil {
		return Ref{}, err
	}
	return r, nil
}

// check returns an error unless the reference can be asked for and has a safe place in a cache.
func (r Ref) check() error {
	owner, name, _ := strings.Cut(r.Repo, "/")
	switch {
	case !repoForm.MatchString(r.Repo) || len(r.Repo) > 200:
		return of(ErrArgument, "%.100q is no model of the hub, want owner/name, of letters, digits and . _ -", r.Repo)
	case strings.Contains(r.Repo, "--"), strings.Contains(r.Repo, ".."), strings.HasSuffix(owner, "."), strings.HasSuffix(name, "."), strings.HasSuffix(name, ".git"):
		return of(ErrArgument, "%.100q is no model of the hub, whose names have no \"--\" or \"..\" and end in neither \".\" nor \".git\"", r.Repo)
	}
	if r.Revision != "" {
		if err := checkName(r.Revision); err != nil {
			return of(ErrArgument, "revision %.100q: %w", r.Revision, err)
		}
	}
	if r.File == "" {
		return nil
	}
	if err := checkName(r.File); err != nil {
		return of(ErrArgument, "file %.100q: %w", r.File, err)
	}
	if path.Ext(r.File) != weightsExt {
		return of(ErrArgument, "file %.100q is no %s file, which alone are fetched one by one", r.File, weightsExt)
	}
	return nil
}

// String writes the reference as ParseRef reads it.
func (r Ref) String() string {
	text := r.Repo
	if r.Revision != "" {
		text += "@" + r.Revision
	}
	if r.File != "" {
		text += ":" + r.File
	}
	return text
}

// revision is that which is asked for.
func (r Ref) revision() string { return cmp.Or(r.Revision, mainRevision) }

func cutScheme(text string) (rest string, found bool) {
	if rest, found = strings.CutPrefix(text, "https://"); found {
		return rest, true
	}
	return strings.CutPrefix(text, "http://")
}

// parseAddress reads what a browser shows: HOST/owner/name, with /tree/REVISION, or with /blob/REVISION/FILE or
// /resolve/REVISION/FILE behind it.
func parseAddress(text, rest string) (Ref, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Ref{}, of(ErrArgument, "%.100q is no address", text)
	}
	known := publicHosts
	if own, err := url.Parse(fromEnvironment().Endpoint); err == nil {
		known = append(known, own.Host)
	}
	if !isOneOf(u.Host, known) {
		return Ref{}, of(ErrArgument, "%.100q is not an address of the hub, %s; another one is set by HF_ENDPOINT", rest, publicHosts[0])
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) < 2 {
		return Ref{}, of(ErrArgument, "%.100q is not the address of a model, want %s/owner/name", rest, publicHosts[0])
	}
	r := Ref{Repo: parts[0] + "/" + parts[1]}
	if len(parts) >= 4 {
		r.Revision = parts[3]
	}
	switch {
	case len(parts) == 2:
	case parts[2] == "tree" && len(parts) == 4:
	case (parts[2] == "blob" || parts[2] == "resolve") && len(parts) > 4:
		r.File = strings.Join(parts[4:], "/")
	default:
		return Ref{}, of(ErrArgument, "%.100q is neither the address of a model nor of a file, want %s/owner/name or …/blob/main/FILE%s", rest, publicHosts[0], weightsExt)
	}
	return r, nil
}

func isOneOf(s string, all []string) bool {
	for _, x := range all {
		if strings.EqualFold(s, x) {
			return true
		}
	}
	return false
}
