package hub

import (
	"cmp"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// Options say where a model is looked for and what of it is wanted. The zero value is what the environment says, by the
// variables of Python's huggingface_hub.
type Options struct {
	Endpoint string // of the hub, such as a mirror's (default: HF_ENDPOINT, else the public one)
	Cache    string // the directory (default: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub)
	Token    string // who asks (default: HF_TOKEN, else what the file HF_TOKEN_PATH or HF_HOME/token says, else nobody)
	Offline  bool   // the network is not used (default: whether HF_HUB_OFFLINE is 1)

	// Variant is which weights are fetched: "fp16", "bf16", or "none" for those without a variant, in float32 mostly
	// (default: of each part the first there is of fp16, none and bf16).
	Variant string

	transport http.RoundTripper         // nil for a new one
	wait      func(time.Duration)       // nil for time; for tests, which do not wait
	writer    func(io.Writer) io.Writer // nil for none; for tests, whose disk is full
	link      func(old, name string) error
}

// variants are the values of Options.Variant with the variants that are taken, in order.
var variants = map[string][]string{"": {"fp16", "", "bf16"}, "none": {""}, "fp16": {"fp16"}, "bf16": {"bf16"}}

const publicEndpoint = "https://huggingface.co"

// isTrue is what Python's client takes for yes.
func isTrue(value string) bool {
	return slices.Contains([]string{"1", "ON", "YES", "TRUE"}, strings.ToUpper(value))
}

// expand puts the home directory in the place of a leading ~, and variables in theirs.
func expand(path string) string {
	if path == "~" || strings.HasPrefix(path, "~/") || strings.HasPrefix(path, `~\`) {
		if home, err := os.UserHomeDir(); err == nil {
			path = home + path[1:]
		}
	}
	return os.ExpandEnv(path)
}

// fromEnvironment are the options that the environment sets, but for the token in a file.
func fromEnvironment() Options {
	home := hubHome()
	cache := cmp.Or(os.Getenv("HF_HUB_CACHE"), os.Getenv("HUGGINGFACE_HUB_CACHE"))
	if cache == "" && home != "" {
		cache = filepath.Join(home, "hub")
	}
	return Options{
		Endpoint: strings.TrimRight(cmp.Or(os.Getenv("HF_ENDPOINT"), publicEndpoint), "/"),
		Cache:    expand(cache),
		Token:    strings.TrimSpace(cmp.Or(os.Getenv("HF_TOKEN"), os.Getenv("HUGGING_FACE_HUB_TOKEN"))),
		Offline:  isTrue(cmp.Or(os.Getenv("HF_HUB_OFFLINE"), os.Getenv("TRANSFORMERS_OFFLINE"))),
	}
}

// hubHome is where Python's client keeps what is the user's; "" where there is no home.
func hubHome() string {
	if home := os.Getenv("HF_HOME"); home != "" {
		return expand(home)
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(expand(cache), "huggingface")
}

// storedToken is what a login has written into a file; "" where there is none.
func storedToken() (string, error) {
	path := expand(os.Getenv("HF_TOKEN_PATH"))
	if home := hubHome(); path == "" && home != "" {
		path = filepath.Join(home, "token")
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > 1<<12 {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", of(ErrArgument, "the token of the hub cannot be read: %w; or give it as HF_TOKEN", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// filled are the options with those of the environment in the place of what is not set, if they make sense.
func (o Options) filled() (Options, error) {
	env := fromEnvironment()
	o.Endpoint = strings.TrimRight(cmp.Or(o.Endpoint, env.Endpoint), "/")
	o.Cache = cmp.Or(o.Cache, env.Cache)
	o.Token = cmp.Or(o.Token, env.Token)
	o.Offline = o.Offline || env.Offline
	if o.Token == "" {
		var err error
		if o.Token, err = storedToken(); err != nil {
			return o, err
		}
	}
	if o.link == nil {
		o.link = os.Symlink
	}
	if _, known := variants[o.Variant]; !known {
		return o, of(ErrArgument, "variant %.60q, want fp16, bf16 or none", o.Variant)
	}
	if o.Cache == "" {
		return o, of(ErrArgument, "there is no home directory for a cache: set HF_HUB_CACHE")
	}
	if strings.ContainsFunc(o.Token, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return o, of(ErrArgument, "the token of the hub has characters that no token has")
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil {
		return o, of(ErrArgument, "the hub's address %.100q is none, want one like %s (HF_ENDPOINT)", o.Endpoint, publicEndpoint)
	}
	var absolute error
	if o.Cache, absolute = filepath.Abs(o.Cache); absolute != nil {
		return o, of(ErrArgument, "the cache's directory: %w", absolute)
	}
	return o, nil
}

// userAgent says to servers who asks.
func userAgent() string {
	const module = "github.com/sdgraph/sdgraph"
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range append(info.Deps, &info.Main) {
			if m.Path == module && m.Version != "" {
				version = strings.Trim(m.Version, "()")
			}
		}
	}
	return "sdgraph/" + version
}
