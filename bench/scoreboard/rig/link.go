package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Link is a connection on the loopback device that can be made slow or cut.
type Link struct {
	proxy *toxiproxy.Proxy
	toxic []string // names of those that are there
}

// NewLink makes a link to an address of a network, tcp or unix.
func (e *Env) NewLink(network, address string) (*Link, error) {
	if network == "unix" {
		relayed, err := e.relay(address)
		if err != nil {
			return nil, err
		}
		address = relayed
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	l := &Link{proxy: toxiproxy.NewProxy(server, "link", "127.0.0.1:0", address)}
	if err := l.proxy.Start(); err != nil {
		return nil, fmt.Errorf("start the link: %w", err)
	}
	e.onClose(l.proxy.Stop)
	return l, nil
}

// Address is where the link begins.
func (l *Link) Address() string { return l.proxy.Listen }

// Worsen adds what makes the link bad, in both directions: a toxic of toxiproxy
// with its attributes.
func (l *Link) Worsen(kind string, attributes map[string]int) error {
	for _, stream := range []string{"upstream", "downstream"} {
		name := kind + "-" + stream
		text, err := json.Marshal(map[string]any{"name": name, "type": kind, "stream": stream, "attributes": attributes})
		if err != nil {
			return err
		}
		if _, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(string(text))); err != nil {
			return fmt.Errorf("worsen the link by %s: %w", kind, err)
		}
		l.toxic = append(l.toxic, name)
	}
	return nil
}

// Heal makes the link good again.
func (l *Link) Heal(ctx context.Context) error {
	for _, name := range l.toxic {
		if err := l.proxy.Toxics.RemoveToxic(ctx, name); err != nil {
			return fmt.Errorf("heal the link: %w", err)
		}
	}
	l.toxic = nil
	return nil
}

// Cut ends all connections and takes no new ones.
func (l *Link) Cut() { l.proxy.Stop() }

// Mend takes connections again.
func (l *Link) Mend() error { return l.proxy.Start() }

// relay is an address on the loopback device for a socket in the file system.
func (e *Env) relay(socket string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	e.onClose(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go join(client, socket)
		}
	}()
	return listener.Addr().String(), nil
}

// join copies both ways until one side ends.
func join(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // either side may end it
		to.Close()
		from.Close()
	}
	both.Go(func() { pipe(client, server) })
	both.Go(func() { pipe(server, client) })
	both.Wait()
}
