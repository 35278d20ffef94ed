// Package macho says what one Mach-O or universal ("fat") file says, slice by
// slice: identity, library references, imported and exported names, literals,
// Objective-C and Swift names, and what the code signature claims. Slice.Code
// gives what the pass over the instructions reads: functions, where execution
// enters, and what lies at an address.
//
// Input is hostile. What the package promises:
//
//   - Every size, count and offset in the file is a claim. It is checked
//     against the slice before anything is read or allocated, and loops over
//     claimed counts are bounded by the bytes that are there.
//   - Work and memory are linear in the size of the file: names that several
//     records share are charged against one allowance (see slice.spend), so
//     that a small file cannot unfold into a large result.
//   - Trouble becomes a located sbom.Gap and the rest is still read. Only a
//     file that is no Mach-O at all, or whose header is cut off, is an error.
//   - Nothing here panics on purpose or prints. Level Full also asks go-macho,
//     with a bounded part of the file, under recover. go-macho is code of
//     others: callers still run Full in a child process with limits, and read
//     again at Basic when the child died.
//
// Layouts follow Apple's public headers mach-o/loader.h, mach-o/fat.h,
// mach-o/nlist.h, mach-o/fixup-chains.h and kern/cs_blobs.h, and the
// Objective-C and Swift runtimes' metadata layouts.
package macho
