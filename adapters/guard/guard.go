// Package guard is what stands before every answer to the outside: the headers
// that browsers must see, how long and how large a request may be, how often
// somebody may ask, and where a request really comes from. Pages and the API
// use the same, so that neither is a way around the other.
//
// Read Headers, Times and Limiter.
package guard

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Origin tells where requests come from. Secure says that all of them come over
// TLS; Proxies are the networks whose word about a request is believed.
type Origin struct {
	Secure  bool
	Proxies []netip.Prefix
}

// Address is where a request comes from: the last address that is not a proxy
// of ours.
func (o Origin) Address(r *http.Request) string {
	host := peer(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !o.trusted(host) {
			break
		}
		if hop = strings.TrimSpace(hop); hop != "" {
			host = hop
		}
	}
	return host
}

// TLS reports whether the browser's request came over TLS: to us, or to a proxy
// that we believe.
func (o Origin) TLS(r *http.Request) bool {
	if o.Secure || r.TLS != nil {
		return true
	}
	said := r.Header.Values("X-Forwarded-Proto")
	if len(said) == 0 || !o.trusted(peer(r)) {
		return false
	}
	// The last word is that of the proxy next to us.
	words := strings.Split(said[len(said)-1], ",")
	return strings.EqualFold(strings.TrimSpace(words[len(words)-1]), "https")
}

func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func (o Origin) trusted(host string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(o.Proxies, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

// Policy is the content security policy: nothing but our own files, no script
// or style within a page, no frame around it.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"

// always are the headers of every answer.
var always = [][2]string{
	{"Content-Security-Policy", Policy},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
	// What says otherwise, such as a file whose address holds its hash, replaces it.
	{"Cache-Control", "no-store"},
}

// Headers sets the security headers of every answer, also of those that no
// handler of ours makes: redirects of the mux, 404, 405.
func Headers(o Origin, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, p := range always {
			h.Set(p[0], p[1])
		}
		if o.TLS(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}

// Encoded reports whether a body is compressed. We never ask for that, and what
// a small one may become nobody has to find out.
func Encoded(r *http.Request) bool {
	e := strings.TrimSpace(r.Header.Get("Content-Encoding"))
	return e != "" && !strings.EqualFold(e, "identity")
}

// Times bound how long a connection may take with each part of a request; the
// rest is bounded by the handler's context.
type Times struct {
	Header      time.Duration // until the headers are there
	Body        time.Duration // until an ordinary body is there
	Upload      time.Duration // until an uploaded file is there
	Answer      time.Duration // to take the answer, after the time of the handler
	Idle        time.Duration // between two requests
	HeaderBytes int
}

// DefaultTimes are for people on slow lines: 64 MiB in two minutes are 4.5 Mbit/s.
func DefaultTimes() Times {
	return Times{
		Header: 10 * time.Second, Body: 30 * time.Second, Upload: 2 * time.Minute, Answer: 30 * time.Second,
		Idle: 2 * time.Minute, HeaderBytes: 32 << 10,
	}
}

// Server is an http.Server with these limits. What a handler needs beyond them
// it asks for with Allow.
func (t Times) Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: t.Header,
		ReadTimeout:       t.Header + t.Body,
		WriteTimeout:      t.Header + t.Body + t.Answer,
		IdleTimeout:       t.Idle,
		MaxHeaderBytes:    t.HeaderBytes,
		// Else "OPTIONS *" is answered without our headers.
		DisableGeneralOptionsHandler: true,
	}
}

// Allow sets how long the body of a request may take and, when work is not
// below 0, how long the whole answer may. A request without a body has no limit
// for reading: the server reads on to notice that the browser has gone, and
// would end the request when that takes too long.
func (t Times) Allow(w http.ResponseWriter, r *http.Request, body, work time.Duration) error {
	c, now := http.NewResponseController(w), time.Now()
	read, write := now.Add(body), time.Time{}
	if r.Body == nil || r.Body == http.NoBody {
		read = time.Time{}
	} else {
		r.Body = &timed{r.Body, w}
	}
	if work >= 0 {
		write = now.Add(work + t.Answer)
	}
	return unsupported(errors.Join(c.SetReadDeadline(read), c.SetWriteDeadline(write)))
}

// timed is a body that says when it is at its end.
type timed struct {
	io.ReadCloser
	w http.ResponseWriter
}

// Read implements io.Reader.
func (b *timed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		if err := Taken(b.w); err != nil {
			return n, err
		}
	}
	return n, err
}

// Taken says that the whole body is there: from now on the handler's own time
// counts.
func Taken(w http.ResponseWriter) error {
	return unsupported(http.NewResponseController(w).SetReadDeadline(time.Time{}))
}

// unsupported forgives writers without a connection, as tests have.
func unsupported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
