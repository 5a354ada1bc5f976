package hub

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
)

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: connecting}).DialContext,
		TLSHandshakeTimeout: connecting,
		ForceAttemptHTTP2:   true,
		DisableCompression:  true,
		MaxIdleConns:        4,
		IdleConnTimeout:     connecting,
	}
}

// errUnreachable is a server to which there is no connection at all.
var errUnreachable = errors.New("there is no way to the server")

// transportError says why a server has not answered, without the address, which may have a signature in it.
func transportError(host string, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var dns *net.DNSError
	isOp := errors.As(err, &op)
	switch {
	case isOp && op.Op == "proxyconnect", isStatus(err.Error()):
		return of(errUnreachable, "%s: the proxy does not let through: %w; it is set by %s", host, err, proxyVariables())
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &name):
		return of(ErrServer, "%s: its certificate is not trusted: %w; where a proxy reads along, add its certificate to the system's or name its file in SSL_CERT_FILE; proxies are set by %s", host, err, proxyVariables())
	case errors.As(err, &dns), isOp && op.Op == "dial":
		return of(errUnreachable, "%s cannot be reached: %w; proxies are set by %s", host, err, proxyVariables())
	}
	return &again{err: errors.Join(errors.New(host+" ended the connection"), err)}
}

// isStatus reports whether a text is the one of a status: what a proxy answers in the place of a connection becomes an
// error of that text alone.
func isStatus(text string) bool {
	for status := 400; status < 600; status++ {
		if text != "" && text == http.StatusText(status) {
			return true
		}
	}
	return false
}

// proxyVariables names the variables that say where a proxy is, those first that are set; not what they say, which may
// be a password.
func proxyVariables() string {
	var set, unset []string
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"} {
		if os.Getenv(name) != "" || os.Getenv(strings.ToLower(name)) != "" {
			set = append(set, name)
		} else {
			unset = append(unset, name)
		}
	}
	all := strings.Join(append(set, unset...), ", ")
	if len(set) == 0 {
		return all + ", of which none is"
	}
	return all + ", of which " + strings.Join(set, " and ") + " is"
}
