// Package kinship finds code that images share although no file is shared:
// functions that were compiled into several products from one static library.
// It compares a family with itself; no reference database is needed.
//
//		marks -> twins -> runs -> lineages -> copies
//
//	  - Twins are functions of different images with one full mark.
//	  - A run is a set of twins that the same products carry and that lie side by
//	    side in the link order of most of those images.
//	  - A lineage is what stays together: runs of one library are joined when one
//	    is interleaved with the other (a copy of which the linker left parts out,
//	    another version), when calls tie them, and when their text ties builds of
//	    different compilers or architectures.
//	  - A copy is the part of a lineage that lies in one image. Functions without
//	    a twin are then paired with those of the fullest copy by what they refer
//	    to, by their place between paired neighbours, and by who calls them.
//
// The package knows marks and products; it knows no names, no capabilities and
// no purposes. What it finds is a statement about bytes: it never says who gave
// code to whom. Functions shorter than the thresholds are never twins by
// themselves: short code is alike by chance.
//
// Memory is about 50 bytes a function of the family, and the code of images that are
// compared: 128 MB of it, or two images where these alone take more (see shelf). The
// result depends neither on that, nor on the order of the images, nor on how many
// processors there are.
package kinship
