package udif

import (
	"container/list"
	"io"
	"sync"

	"github.com/kinbom/kinbom/sbom/limit"
)

// cacheSize is how many unpacked bytes are kept, those included that are being
// unpacked. A single chunk may be as large as that.
const cacheSize = 64 << 20

// Spill is where chunks go that leave the cache and may be needed again, each at
// its place on the disk; a sparse file will do.
type Spill interface {
	io.ReaderAt
	io.WriterAt
}

// cache keeps the chunks that were used last. A chunk is unpacked once: when it
// leaves the cache it goes to the spill file, unless all of it was read exactly
// once, as files are read from their beginning to their end; should even that be
// asked for again, it is unpacked a second time and spilled then. Without a spill
// file what has left is unpacked anew. A chunk that several readers ask
// for at once is loaded once.
type cache struct {
	load  func(*chunk) ([]byte, error)
	spill Spill // may be nil

	mu      sync.Mutex
	changed sync.Cond
	have    map[*chunk]*held
	recent  list.List // of *held that are loaded, the last used first
	used    int64     // bytes held or being loaded
	loading int       // chunks
}

// held is a chunk in the cache.
type held struct {
	c     *chunk
	ready chan struct{} // closed when data and err are set
	data  []byte
	err   error
	place *list.Element // nil while it is loaded
	seen  uint64        // parts of it, of 64, that were read
	again bool          // something of it was read twice, or was unpacked before
}

func (k *cache) init(load func(*chunk) ([]byte, error)) {
	k.load = load
	k.have = map[*chunk]*held{}
	k.changed.L = &k.mu
}

// get returns what a chunk unpacks to, of which n bytes at a place will be
// read; it must not be written to.
func (k *cache) get(c *chunk, at, n int64) ([]byte, error) {
	if c.count > maxChunk/Sector {
		return nil, &limit.Error{Limit: limit.FileSize, Max: maxChunk, Value: c.count * Sector}
	}
	h, mine := k.claim(c, at, n)
	if !mine {
		<-h.ready
		return h.data, h.err
	}
	defer k.settle(h)
	switch {
	case c.failed != nil:
		h.err = c.failed
	case c.spilled:
		h.data, h.err = limit.ReadNAt(k.spill, c.start*Sector, c.count*Sector, (c.start+c.count)*Sector)
	default:
		h.again = c.summed
		h.data, h.err = k.load(c)
	}
	return h.data, h.err
}

// note marks what is read of a chunk.
func (h *held) note(at, n int64) {
	size := h.c.count * Sector
	for i := at * 64 / size; i < 64 && i*size/64 < at+n; i++ {
		if from := i * size / 64; from >= at && h.seen&(1<<i) != 0 {
			h.again = true
		}
		if (i+1)*size/64 <= at+n { // its end was read; the rest before
			h.seen |= 1 << i
		}
	}
}

// claim returns the place of a chunk. When it is mine, the caller loads it:
// room for it was made, by waiting for others if there was no other way.
func (k *cache) claim(c *chunk, at, n int64) (h *held, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		if h := k.have[c]; h != nil {
			if h.place != nil {
				k.recent.MoveToFront(h.place)
			}
			h.note(at, n)
			return h, false
		}
		for k.used+c.count*Sector > cacheSize && k.recent.Len() > 0 {
			k.drop(k.recent.Remove(k.recent.Back()).(*held))
		}
		if k.used+c.count*Sector <= cacheSize || k.loading == 0 {
			break
		}
		k.changed.Wait()
	}
	h = &held{c: c, ready: make(chan struct{})}
	h.note(at, n)
	k.have[c] = h
	k.used += c.count * Sector
	k.loading++
	return h, true
}

// settle keeps what was loaded. A chunk that failed is kept as well, with its
// error, so that it is not unpacked again for the next read.
func (k *cache) settle(h *held) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.loading--
	h.c.failed = h.err
	h.place = k.recent.PushFront(h)
	close(h.ready)
	k.changed.Broadcast()
}

func (k *cache) drop(h *held) {
	delete(k.have, h.c)
	if k.spill != nil && h.err == nil && !h.c.spilled && compressed(h.c.kind) && (h.again || h.seen != 1<<64-1) {
		_, err := k.spill.WriteAt(h.data, h.c.start*Sector)
		h.c.spilled = err == nil // else it will be unpacked anew
	}
	k.used -= h.c.count * Sector
}
