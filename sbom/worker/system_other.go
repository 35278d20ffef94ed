//go:build !linux && !darwin

package worker

// applySystem has nothing to apply on this system: time and the size of frames
// are the only limits.
func applySystem(Limits) error { return nil }

// resident is not known on this system.
func resident(int) int64 { return -1 }
