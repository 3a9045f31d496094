package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"hearth/domain"
)

// proxies are the networks whose word on where a request comes from is believed.
func (o serveOptions) proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range o.proxy {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, domain.Reject("bad_network", "网段“%s”看不懂,--trusted-proxy 请写成如 10.0.0.0/8。", text)
		}
		all = append(all, p)
	}
	return all, nil
}

// scheme is how the public listener is reached.
func (o serveOptions) scheme() string {
	if o.cert != "" {
		return "https"
	}
	return "http"
}

// checkTLS reads the certificate, so that a wrong one is told at the start.
func (o serveOptions) checkTLS() error {
	if (o.cert == "") != (o.key == "") {
		return domain.Reject("bad_certificate", "--tls-cert 和 --tls-key 要一起设。")
	}
	if o.cert == "" {
		return nil
	}
	if err := checkKeyFile(o.key); err != nil {
		return err
	}
	if _, err := tls.LoadX509KeyPair(o.cert, o.key); err != nil {
		return domain.Reject("bad_certificate", "不能使用证书 %s 和私钥 %s(%v)。请核对 --tls-cert、--tls-key。", o.cert, o.key, err)
	}
	return nil
}

// listeners take both addresses. What is meant for the inside never stands where
// everybody may ask.
func (o serveOptions) listeners() (public, private net.Listener, err error) {
	if o.private == o.listen && !strings.HasSuffix(o.listen, ":0") { // of these each has a port of its own
		return nil, nil, domain.Reject("same_address", "页面地址和内部地址都是 %s,内部信息会对外公开。请用 --private-listen(HEARTH_PRIVATE_LISTEN)另设一个地址,或设为 off。", o.listen)
	}
	if public, err = listen(o.listen, "--listen"); err != nil || o.private == privateOff {
		return public, nil, err
	}
	if private, err = listen(o.private, "--private-listen(HEARTH_PRIVATE_LISTEN)"); err != nil {
		return nil, nil, errors.Join(err, public.Close())
	}
	return public, private, nil
}

// listen takes an address, or says what stands in the way.
func listen(addr, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, domain.Reject("port_in_use", "地址 %s 已被另一个程序占用。请停止它,或用 %s 换一个端口。", addr, flag)
	case err != nil:
		return nil, domain.Reject("bad_address", "不能监听地址 %s(%v)。请核对 %s,写成如 127.0.0.1:8020。", addr, err, flag)
	}
	return l, nil
}

// warn tells whoever runs the service when others can listen on the line.
func (o serveOptions) warn(ctx context.Context, public net.Addr) {
	tcp, ok := public.(*net.TCPAddr)
	if ok && !tcp.IP.IsLoopback() && o.demo {
		slog.WarnContext(ctx, "a demonstration is served to other machines: everybody knows its passwords")
	}
	if ok && !tcp.IP.IsLoopback() && o.cert == "" && !o.secure && len(o.proxy) == 0 {
		slog.WarnContext(ctx, "pages are served to other machines without TLS: set --tls-cert, or --trusted-proxy behind a proxy that has a certificate")
	}
}
