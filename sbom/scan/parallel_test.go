package scan

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/kinbom/kinbom/sbom/container/hfsplus/hfsplustest"
	"github.com/kinbom/kinbom/sbom/container/udif/udiftest"
	"github.com/kinbom/kinbom/sbom/macho/machotest"
	"github.com/kinbom/kinbom/sbom/worker"
)

// meetEnv names the socket at which readers of Mach-O files wait for each other.
const meetEnv = "KINBOM_TEST_SCAN_MEET"

// meeting makes each reader of a Mach-O file wait until the test has seen enough
// of them at the same time. Without the variable nobody waits.
func meeting(h map[string]worker.Handler) map[string]worker.Handler {
	socket, read := os.Getenv(meetEnv), h[askMachO]
	if socket == "" {
		return h
	}
	h[askMachO] = func(ctx context.Context, q []byte) ([]byte, error) {
		c, err := net.Dial("unix", socket)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
			return nil, fmt.Errorf("nobody came to the meeting: %w", err)
		}
		return read(ctx, q)
	}
	return h
}

// Two products of one image are read at the same time: the reader of each waits
// for the other one, and would wait in vain if one came after the other.
func TestProductsOfAnImageAreReadInParallel(t *testing.T) {
	dir := t.TempDir()
	im := hfsplustest.Image{Name: "v"}
	for _, name := range []string{"One", "Two"} {
		im.Files = append(im.Files, hfsplustest.File{Path: name + ".app/Contents/Info.plist", Data: fmt.Appendf(nil, infoPlist, name)},
			hfsplustest.File{Path: name + ".app/Contents/MacOS/" + name, Data: machotest.Image{Strings: []string{name}}.Build()})
	}
	volume := im.Build().Bytes
	volume = append(volume, make([]byte, -len(volume)&511)...)
	image := filepath.Join(dir, "apps.dmg")
	write(t, image, udiftest.Image(udiftest.Table{Name: "v", Data: volume, Kind: udiftest.Of(udiftest.Zlib)}))

	short, err := os.MkdirTemp("", "meet") // the path of a socket has a short limit
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(short)
	socket := filepath.Join(short, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(meetEnv, socket)
	met := make(chan bool, 1)
	go func() { met <- meet(l) }()
	o := options(t, image)
	o.Jobs = 2
	s := run(t, o)
	l.Close()
	if !<-met {
		t.Error("the readers of two products never ran at the same time")
	}
	if len(s.Products) != 2 {
		t.Fatalf("%d products", len(s.Products))
	}
	for _, p := range s.Products {
		if len(p.Images) != 1 || len(p.Gaps) > 0 {
			t.Errorf("%s: %d images, gaps %v", p.Name, len(p.Images), p.Gaps)
		}
	}
}

// meet waits for two readers that are there at the same time, and lets both go.
func meet(l net.Listener) bool {
	one, err := l.Accept()
	if err != nil {
		return false
	}
	gone := make(chan struct{})
	go func() { // a reader says nothing: this ends when it does
		io.Copy(io.Discard, one)
		close(gone)
	}()
	arrived := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			arrived <- c
		}
	}()
	select {
	case <-gone:
		return false
	case two := <-arrived:
		select {
		case <-gone: // both: the second came after the end of the first
			return false
		default:
		}
		for _, c := range []net.Conn{one, two} {
			c.Write([]byte{1})
		}
		<-gone
		two.Close()
		return true
	}
}
