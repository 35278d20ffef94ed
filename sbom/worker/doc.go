// Package worker runs readers of untrusted bytes in child processes.
//
// A child is the same executable started again. It reads many requests, one at
// a time, under limits on address space, resident memory and time. What it
// promises on hostile input: a child that crashes, hangs, swells or talks
// nonsense costs the request it was on and nothing else. It is killed with its
// whole process group, reaped, and replaced when the next request needs it; the
// request gets one *DeadError that says why.
//
// # Frames
//
// Both directions use frames: the four bytes "KBW1", one byte for the type, three
// zero bytes, then the request number and the length of the payload (both 64
// bit, big-endian), then the payload. A child's first frame is a greeting, sent
// when its limits are in force.
//
// # The private folder
//
// What a run writes for its readers lies in a Folder. A watcher, which is one
// more process that waits for the end of a pipe, removes it when the run was
// killed and could not do so itself.
//
// # Limits and systems
//
// On Linux the child limits its own address space before it reads the first
// byte, and asks to be killed when its parent dies. The parent also looks at
// its resident memory while a request runs (Linux and macOS). macOS does not
// enforce a limit on address space, so there the look from the parent is the
// only one. Elsewhere time and the size of frames are the only limits. Wherever
// it runs, a child stops when its input closes.
package worker
