package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// again is an error that another try may mend.
type again struct {
	err   error
	after time.Duration // that the server asks for; 0 where it does not
}

func (a *again) Error() string { return a.err.Error() }
func (a *again) Unwrap() error { return a.err }

// How often, and how long, is waited for a server.
const (
	mostTries   = 6
	longestWait = time.Minute
	longestAsk  = 10 * time.Minute // of what a server may ask for
)

// patience counts tries that failed one after another.
type patience struct{ tries int }

// wait waits before the next try, 1, 2, 4 … 60 seconds or what the server asks for. It returns the error itself where no
// try is due any more, and the context's when that ends.
func (p *patience) wait(ctx context.Context, c *client, err error) error {
	var a *again
	if !errors.As(err, &a) {
		return err
	}
	if p.tries == mostTries {
		return of(ErrServer, "%w, after %d tries", a.err, mostTries+1)
	}
	pause := min(time.Second<<p.tries, longestWait)
	if a.after > longestAsk {
		return of(ErrServer, "%w; it asks to try again in %s", a.err, a.after)
	}
	pause = max(pause, a.after)
	p.tries++
	c.say(fmt.Sprintf("%v; trying again in %s", a.err, pause))
	if c.wait != nil {
		c.wait(pause)
		return context.Cause(ctx)
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause):
		return nil
	}
}

// patiently does something until it is done, or an error comes that no other try mends.
func (c *client) patiently(ctx context.Context, do func() error) error {
	var p patience
	for {
		err := do()
		if err == nil {
			return nil
		}
		if err := p.wait(ctx, c, err); err != nil {
			return err
		}
	}
}

// retryAfter is what a server asks to wait, in seconds or until a date; 0 where it says nothing.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n < 1<<30 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0).Round(time.Second)
	}
	return 0
}

// refusal is the error of an answer that is not what was asked for, which is named.
func (c *client) refusal(a *answer, r Ref, what string) error {
	code, message := a.Header.Get("X-Error-Code"), a.Header.Get("X-Error-Message")
	switch status := a.StatusCode; {
	case code == "GatedRepo":
		return c.gated(r)
	case code == "RevisionNotFound":
		return of(ErrNotFound, "%s has no revision %q", r.Repo, r.revision())
	case code == "EntryNotFound":
		return of(ErrNotFound, "%s has no file %q", r, what)
	case status == http.StatusUnauthorized && c.Token != "" && code != "RepoNotFound":
		return of(ErrGated, "%s: the hub refuses the token (HF_TOKEN, or the login's file): %.200s", r.Repo, message)
	case code == "RepoNotFound", status == http.StatusUnauthorized, status == http.StatusNotFound && what == "":
		if c.Token == "" {
			return of(ErrNotFound, "%s does not exist, or is private and no token was given (HF_TOKEN)", r.Repo)
		}
		return of(ErrNotFound, "%s does not exist, or is not for the account of the token", r.Repo)
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status >= 500:
		return &again{err: fmt.Errorf("%s answers %s", a.Request.URL.Host, a.Status), after: retryAfter(a.Header)}
	}
	return of(ErrServer, "%s answers %s to the question for %s %s: %.200s", a.Request.URL.Host, a.Status, r, what, message)
}

// gated says what to do for a model that is not given to everybody.
func (c *client) gated(r Ref) error {
	page := c.at()
	page.Path, page.RawPath = page.Path+"/"+r.Repo, ""
	if c.Token == "" {
		return of(ErrGated, "%s asks who uses it: accept its licence at %s, make a token at %s, and give it as HF_TOKEN", r.Repo, page, c.at("settings", "tokens"))
	}
	return of(ErrGated, "%s is not given to the account of the token: accept its licence at %s, and wait where its authors decide", r.Repo, page)
}
