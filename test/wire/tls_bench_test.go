package wire

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/peer"
)

// eachDaemon runs a benchmark with ours and, where VIRTREE_REAL wants it, Debian's.
func eachDaemon(b *testing.B, run func(b *testing.B, p *ported, config *tls.Config), conf ...string) {
	for name, binary := range map[string]string{"virtree": peer.Build(b), "libvirt": peer.Real()} {
		if binary == "" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			p := startPorted(b, binary, conf...)
			peer.Eventually(b, "the port is open", func() bool {
				conn, err := net.Dial("tcp", "127.0.0.1:"+p.tls)
				if err == nil {
					conn.Close()
				}
				return err == nil
			})
			dir := p.certificates("alice", alice)
			pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "clientcert.pem"), filepath.Join(dir, "clientkey.pem"))
			if err != nil {
				b.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(p.ca.PEM())
			before := p.processorTime()
			run(b, p, &tls.Config{
				RootCAs: roots, ServerName: "localhost", Certificates: []tls.Certificate{pair},
				CurvePreferences: []tls.CurveID{tls.CurveP256, tls.X25519}, // as libvirt has them by GnuTLS
			})
			b.ReportMetric((p.processorTime()-before)*1e6/float64(b.N), "daemon-µs/op")
		})
	}
}

// processorTime is what the daemon has used, in seconds.
func (p *ported) processorTime() float64 {
	p.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	const user, system, perSecond = 14 - 3, 15 - 3, 100
	ticks := 0.0
	for _, field := range []int{user, system} {
		n, err := strconv.ParseFloat(strings.Fields(rest)[field], 64)
		if err != nil {
			p.t.Fatal(err)
		}
		ticks += n
	}
	return ticks / perSecond
}

// enter connects and waits for the byte that says welcome.
func (p *ported) enter(config *tls.Config) (net.Conn, error) {
	conn, err := tls.Dial("tcp", "127.0.0.1:"+p.tls, config)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// BenchmarkTLSCall has 16 clients call at once.
func BenchmarkTLSCall(b *testing.B) {
	eachDaemon(b, func(b *testing.B, p *ported, config *tls.Config) {
		var clients []*wiretest.Client
		for range 16 {
			conn, err := p.enter(config)
			if err != nil {
				b.Fatal(err)
			}
			c := wiretest.Over(b, conn)
			c.Open("")
			clients = append(clients, c)
		}
		var left atomic.Int64
		left.Store(int64(b.N))
		b.ResetTimer()
		var callers sync.WaitGroup
		for _, c := range clients {
			callers.Go(func() {
				for left.Add(-1) >= 0 {
					if err := c.Call(remote.ProcConnectGetLibVersion, nil, new(remote.ConnectGetLibVersionRet)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		callers.Wait()
	})
}

// BenchmarkTLSHandshake has four clients come and go.
func BenchmarkTLSHandshake(b *testing.B) {
	eachDaemon(b, func(b *testing.B, p *ported, config *tls.Config) {
		var left atomic.Int64
		left.Store(int64(b.N))
		b.ResetTimer()
		var callers sync.WaitGroup
		for range 4 {
			callers.Go(func() {
				for left.Add(-1) >= 0 {
					conn, err := p.enter(config)
					if err != nil {
						b.Error(err)
						return
					}
					conn.Close()
				}
			})
		}
		callers.Wait()
	})
}

// halfOpen is how many clients say nothing.
const halfOpen = 10000

// BenchmarkBesideHalfOpen has one client call, alone and beside many that have
// connected to the TLS port and say nothing.
func BenchmarkBesideHalfOpen(b *testing.B) {
	eachDaemon(b, func(b *testing.B, p *ported, _ *tls.Config) {
		c := wiretest.Dial(b, p.Socket())
		c.Open("")
		slowest := func() float64 {
			all := make([]float64, b.N)
			for i := range all {
				began := time.Now()
				if err := c.Call(remote.ProcConnectGetLibVersion, nil, new(remote.ConnectGetLibVersionRet)); err != nil {
					b.Fatal(err)
				}
				all[i] = float64(time.Since(began).Microseconds())
			}
			slices.Sort(all)
			return all[len(all)*99/100]
		}
		alone := slowest()
		for range halfOpen {
			conn, err := net.Dial("tcp", "127.0.0.1:"+p.tls)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
		}
		b.ResetTimer()
		b.ReportMetric(slowest(), "p99-µs")
		b.ReportMetric(alone, "alone-p99-µs")
	}, "max_clients = 20000", "max_anonymous_clients = 20000")
}
