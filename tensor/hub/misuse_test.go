package hub

import (
	"context"
	"errors"
	"testing"
)

// TestMisuse calls what is exported with arguments that make no sense.
func TestMisuse(t *testing.T) {
	alone(t)
	t.Setenv("HF_ENDPOINT", "http://127.0.0.1:1")
	ctx := context.Background()
	odd := []Options{{Variant: "f64"}, {Endpoint: "hub"}, {Endpoint: "ftp://x"}, {Endpoint: "https://a:b@c"}, {Token: "a\nb"}, {Endpoint: ":"}}
	for _, o := range odd {
		if _, err := Cached(o); !errors.Is(err, ErrArgument) {
			t.Errorf("Cached of %+v: %v", o, err)
		}
		if _, err := Open(ctx, "a/b", o); !errors.Is(err, ErrArgument) {
			t.Errorf("Open of %+v: %v", o, err)
		}
	}
	for name, call := range map[string]func() error{
		"Look of nothing":          func() error { _, err := Look(ctx, Ref{}, Options{}); return err },
		"Look of a path":           func() error { _, err := Look(ctx, Ref{Repo: "../.."}, Options{}); return err },
		"Look at a path":           func() error { _, err := Look(ctx, Ref{Repo: "a/b", Revision: "../x"}, Options{}); return err },
		"Look without a context":   func() error { _, err := Look(nil, Ref{Repo: "a/b"}, Options{}); return err }, //lint:ignore SA1012 on purpose
		"Open of nothing":          func() error { _, err := Open(ctx, "", Options{}); return err },
		"ParseRef of nothing":      func() error { _, err := ParseRef(""); return err },
		"Fetch of nil":             func() error { _, err := (*Plan)(nil).Fetch(ctx, nil); return err },
		"Fetch of a zero plan":     func() error { _, err := new(Plan).Fetch(ctx, nil); return err },
		"Fetch without a context":  func() error { _, err := (&Plan{Files: []File{{}}}).Fetch(nil, nil); return err }, //lint:ignore SA1012 on purpose
		"a plan of another's hand": func() error { _, err := (&Plan{Ref: Ref{Repo: "../.."}}).Fetch(ctx, nil); return err },
	} {
		if err := call(); !errors.Is(err, ErrArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, p := range []*Plan{nil, {}} {
		if n, bytes := p.Missing(); n != 0 || bytes != 0 || p.Begun() != 0 || p.Path() != "" {
			t.Errorf("%v misses %d files, %d bytes, at %q", p, n, bytes, p.Path())
		}
		_ = p.String()
	}
	if got := (Ref{}).String() + Bytes(-1<<63); got != "0 bytes" {
		t.Error(got)
	}
	if _, err := Open(ctx, "a/b", Options{Cache: t.TempDir()}); !errors.Is(err, ErrOffline) { // nobody listens there
		t.Errorf("no way to the hub: %v", err)
	}
}
