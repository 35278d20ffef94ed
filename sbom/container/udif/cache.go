package udif

import (
	"container/list"
	"sync"

	"github.com/kinbom/kinbom/sbom/limit"
)

// cacheSize is how many unpacked bytes are kept, those included that are being
// unpacked. A single chunk may be as large as that.
const cacheSize = 64 << 20

// cache keeps the chunks that were used last. A chunk that several readers ask
// for at once is loaded once.
type cache struct {
	load func(*chunk) ([]byte, error)

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
}

func (k *cache) init(load func(*chunk) ([]byte, error)) {
	k.load = load
	k.have = map[*chunk]*held{}
	k.changed.L = &k.mu
}

// get returns what a chunk unpacks to; it must not be written to.
func (k *cache) get(c *chunk) ([]byte, error) {
	if c.count > maxChunk/Sector {
		return nil, &limit.Error{Limit: limit.FileSize, Max: maxChunk, Value: c.count * Sector}
	}
	h, mine := k.claim(c)
	if !mine {
		<-h.ready
		return h.data, h.err
	}
	defer k.settle(h)
	h.data, h.err = k.load(c)
	return h.data, h.err
}

// claim returns the place of a chunk. When it is mine, the caller loads it:
// room for it was made, by waiting for others if there was no other way.
func (k *cache) claim(c *chunk) (h *held, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		if h := k.have[c]; h != nil {
			if h.place != nil {
				k.recent.MoveToFront(h.place)
			}
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
	h.place = k.recent.PushFront(h)
	close(h.ready)
	k.changed.Broadcast()
}

func (k *cache) drop(h *held) {
	delete(k.have, h.c)
	k.used -= h.c.count * Sector
}
