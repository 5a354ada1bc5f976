package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// client asks a hub. It follows redirects by itself: what a file is stands in the headers of the first answer, and the
// token is for the hub's own host alone. Go's client would give it to subdomains, too.
type client struct {
	Options
	hub   *url.URL
	http  *http.Client
	agent string
	say   func(note string) // to whom waits
}

// How long is waited for a connection, and for the next bytes of an answer.
const (
	connecting = 20 * time.Second
	stalled    = time.Minute
)

// mostHops is how many redirects may follow each other.
const mostHops = 10

// newClient is a client by options that are filled.
func newClient(o Options) (*client, error) {
	hub, err := url.Parse(o.Endpoint)
	if err != nil {
		return nil, of(ErrArgument, "%w", err)
	}
	transport := o.transport
	if transport == nil {
		transport = newTransport()
	}
	return &client{
		Options: o, hub: hub, agent: userAgent(), say: func(string) {},
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// at is an address on the hub, of parts that are escaped.
func (c *client) at(parts ...string) *url.URL {
	address := *c.hub
	for _, part := range parts {
		address.Path += "/" + part
		address.RawPath += "/" + url.PathEscape(part)
	}
	address.RawPath = c.hub.EscapedPath() + address.RawPath
	return &address
}

// isHub reports whether an address is on the hub's own host, which alone gets the token.
func (c *client) isHub(u *url.URL) bool {
	return strings.EqualFold(u.Scheme, c.hub.Scheme) && strings.EqualFold(u.Host, c.hub.Host)
}

// answer is what a server has answered last, and what the first one said, which knows the file.
type answer struct {
	*http.Response
	first http.Header
}

// get asks for an address, for its bytes from the given one on, and for others that it redirects to. The answer's body
// must be closed; reading it fails where nothing comes for a while.
func (c *client) get(ctx context.Context, address *url.URL, from int64) (*answer, error) {
	var first http.Header
	for range mostHops {
		r, err := c.ask(ctx, address, from)
		if err != nil {
			return nil, err
		}
		if first == nil || c.isHub(address) {
			first = r.Header
		}
		if !isRedirect(r.StatusCode) {
			return &answer{r, first}, nil
		}
		r.Body.Close()
		next, err := address.Parse(r.Header.Get("Location"))
		if err != nil || r.Header.Get("Location") == "" || next.Scheme != "http" && next.Scheme != "https" {
			return nil, of(ErrServer, "%s redirects to no address", address.Host)
		}
		if address.Scheme == "https" && next.Scheme != "https" {
			return nil, of(ErrServer, "%s redirects to %s without encryption", address.Host, next.Host)
		}
		address = next
	}
	return nil, of(ErrServer, "%s redirects more than %d times, in a loop perhaps", c.hub.Host, mostHops)
}

func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// ask sends one request.
func (c *client) ask(ctx context.Context, address *url.URL, from int64) (*http.Response, error) {
	inner, cancel := context.WithCancelCause(ctx)
	watch := time.AfterFunc(stalled, func() { cancel(errStalled) })
	request, err := http.NewRequestWithContext(inner, http.MethodGet, address.String(), nil)
	if err != nil {
		cancel(nil)
		return nil, of(ErrServer, "an address of %s is malformed", address.Host)
	}
	request.Header.Set("User-Agent", c.agent)
	request.Header.Set("Accept-Encoding", "identity") // what is compressed has no usable length
	if c.Token != "" && c.isHub(address) {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	body := &watched{ctx: ctx, inner: inner, cancel: cancel, watch: watch}
	r, err := c.http.Do(request)
	if err != nil {
		err = body.explain(transportError(address.Host, err))
		body.stop()
		return nil, err
	}
	body.ReadCloser, r.Body = r.Body, body
	return r, nil
}

// errStalled ends a request whose answer does not come.
var errStalled = errors.New("nothing came for a minute")

// watched is a body that fails where nothing comes for a while.
type watched struct {
	io.ReadCloser
	ctx, inner context.Context
	cancel     context.CancelCauseFunc
	watch      *time.Timer
}

// Read reads what has come. An error that another try may mend is an again.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if err == nil {
		w.watch.Reset(stalled)
	} else if err != io.EOF {
		err = w.explain(&again{err: fmt.Errorf("the connection was cut: %w", err)})
	}
	return n, err
}

// explain finds the reason of an error in the contexts that may have ended.
func (w *watched) explain(err error) error {
	switch {
	case w.ctx.Err() != nil:
		return context.Cause(w.ctx)
	case errors.Is(context.Cause(w.inner), errStalled):
		return &again{err: errStalled}
	}
	return err
}

func (w *watched) stop() {
	w.watch.Stop()
	w.cancel(nil)
}

// Close ends the request.
func (w *watched) Close() error {
	err := w.ReadCloser.Close()
	w.stop()
	return err
}
