package hfsplus

import (
	"errors"
	"fmt"
	"slices"
)

// place is where a folder is.
type place struct {
	path    string
	depth   int // folders from the root
	private bool
	err     error // why the path is not the whole one
}

// Limits of a placer: folders that it remembers, and steps upwards for each
// record, without which a catalog made to be slow could make each of them count.
const (
	maxPlaces   = 1 << 16
	maxKept     = 16 << 20 // bytes of paths
	freeClimbs  = 1 << 14
	climbsEvery = 2
)

var (
	errInside  = errors.New("folder is inside itself")
	errOrphan  = errors.New("folder that holds it is missing in the catalog")
	errClimbed = errors.New("too much work to find the paths of folders")
)

// placer finds the paths of folders by their thread records.
type placer struct {
	v      *Volume
	known  map[uint32]place
	kept   int
	climbs int64 // steps upwards that are left
}

func newPlacer(v *Volume) *placer {
	return &placer{v: v, known: map[uint32]place{}, climbs: freeClimbs}
}

// step is one folder on the way up.
type step struct {
	id   uint32
	name string
	err  error
}

// folder gives the place of a folder. The number of a folder whose own place is
// not known stands in brackets at the start of the path.
func (p *placer) folder(id uint32) place {
	p.climbs += climbsEvery
	var way []step
	var top place
	deepest := int(p.v.budget.Max().Depth)
	for at := id; ; {
		if at == idRoot {
			break
		}
		if known, ok := p.known[at]; ok {
			top = known
			break
		}
		var s step
		var err error
		if len(way) > deepest {
			err = p.v.budget.CheckDepth(len(way))
		} else if slices.ContainsFunc(way, func(s step) bool { return s.id == at }) {
			err = errInside
		} else {
			s, at, err = p.up(at)
		}
		if err != nil {
			top = place{path: fmt.Sprintf("[folder %d]", at), depth: 1, err: err}
			break
		}
		way = append(way, s)
	}
	for _, s := range slices.Backward(way) {
		top = p.under(top, s)
		if p.kept += len(top.path); len(p.known) >= maxPlaces || p.kept > maxKept {
			clear(p.known)
			p.kept = len(top.path)
		}
		p.known[s.id] = top
	}
	return top
}

// up reads one folder's thread, and says who its parent is.
func (p *placer) up(id uint32) (s step, parent uint32, err error) {
	if p.climbs--; p.climbs < 0 {
		return s, id, errClimbed
	}
	t, err := p.v.thread(id)
	if errors.Is(err, errNotFound) {
		err = errOrphan
	}
	if err != nil {
		return s, id, err
	}
	s.id = id
	s.name, s.err = decodeName(t.name)
	return s, t.parent, nil
}

// under is the place of a folder in another one.
func (p *placer) under(top place, s step) place {
	sub := place{path: s.name, depth: top.depth + 1, err: top.err, private: top.private || p.v.private(s.id)}
	if top.path != "" {
		sub.path = top.path + "/" + s.name
	}
	if sub.err == nil {
		sub.err = s.err
	}
	if sub.err == nil {
		sub.err = p.v.budget.CheckDepth(sub.depth)
	}
	if err := p.v.budget.CheckPath(sub.path); err != nil {
		sub.path, sub.depth = fmt.Sprintf("[folder %d]", s.id), 1
		if sub.err == nil {
			sub.err = err
		}
	}
	return sub
}

// private reports whether a folder is one that the volume keeps for itself.
func (v *Volume) private(id uint32) bool {
	return id == v.inodes || id == v.folders // 0 is no folder's number
}
