// Package nib reads the interface files that a bundle carries: which classes
// their objects have, and which messages these objects send. A nib makes objects
// of classes that no code names, so the reach of code begins there too.
//
// Forms: the NIBArchive of UIKit and later AppKit, keyed archives (binary or XML
// property lists: older nibs, keyedobjects.nib in a folder), and the XML of
// Interface Builder itself (.xib, .storyboard, designable.nib), old and new. What
// lies in a nib as data, as the cells of a table do, is read with it. The typed
// stream of before Mac OS X 10.2 is not read; reading one is an error.
//
// Sources: Mats Mattsson, "NibArchive File Format"; the keyed archives of
// Foundation (NSKeyedArchiver); Apple, "Resource Programming Guide: Nib Files".
//
// What it promises on hostile input: Read gives a Nib or an error and never
// panics or hangs. Counts and offsets are checked against the file before
// anything is made for them, nothing is followed in circles, and the work is
// linear in the bytes, up to a fixed factor. Size, nesting and the number of
// names have limits.
package nib
