package bundle

import (
	"path"
	"strings"

	"github.com/kinbom/kinbom/sbom"
)

// ownPlaces are the folders of an app in which code lies that belongs to the
// app itself, directly below Contents/ or below the root of a flat bundle, in
// lower case. An app in one of them is a helper and never a payload.
//
// Sources: Apple, "Placing content in a bundle" (MacOS, Helpers, Frameworks,
// PlugIns, XPCServices, Library/LoginItems, Library/SystemExtensions); for iOS
// the companions that the system installs with the app (Watch, AppClips,
// Extensions), and Wrapper, in which a Mac keeps an iOS app.
var ownPlaces = map[string]bool{
	"macos": true, "helpers": true, "library": true,
	"frameworks": true, "sharedframeworks": true, "privateframeworks": true,
	"plugins": true, "extensions": true, "xpcservices": true, "systemextensions": true,
	"watch": true, "appclips": true, "wrapper": true,
}

// Payload reports whether an .app folder, at a path relative to the app that
// holds it, lies where an installer keeps the apps that it installs, and not
// where an app keeps its own helpers: the place is all that tells the two
// apart. Contents/Resources, Contents/SharedSupport and archives in them are
// such places. What lies in another bundle (a framework, an XPC service, a
// plug-in, an asar archive or the folder beside it) or among the modules of an
// Electron app belongs to that. An app that keeps a helper in its resources,
// as older apps do, cannot be told from an installer.
func Payload(rel string) bool {
	if KindOf(rel) != sbom.BundleApp {
		return false
	}
	parts := strings.Split(path.Dir(rel), "/")
	if strings.EqualFold(parts[0], "Contents") {
		parts = parts[1:]
	}
	if len(parts) > 0 && ownPlaces[strings.ToLower(parts[0])] {
		return false
	}
	for _, p := range parts {
		switch k := KindOf(p); {
		case k != "" && k != sbom.BundleApp, strings.EqualFold(p, "node_modules"), strings.HasSuffix(strings.ToLower(p), ".asar.unpacked"):
			return false
		}
	}
	return true
}
