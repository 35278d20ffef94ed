// Package machotest makes small Mach-O images for tests: valid ones from a
// short description, signed and universal ones from those, and hostile ones
// that make careless readers hang, panic or ask for terabytes.
//
// It uses the standard library only. The images are 64-bit little-endian, are
// read by llvm-objdump without complaint, and were never meant to run: file
// offsets are packed tight and the code is a row of return instructions. The
// same description always gives the same bytes. Build panics on a description
// that it cannot express; that is a fault of the test.
package machotest
