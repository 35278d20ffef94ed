package bundle

import "testing"

func TestPayload(t *testing.T) {
	for rel, want := range map[string]bool{
		"Contents/Resources/Inner.app":                                              true,
		"Contents/resources/Deep/Folder/Inner.APP":                                  true,
		"Contents/SharedSupport/Inner.app":                                          true,
		"Contents/Inner.app":                                                        true,
		"Inner.app":                                                                 true,
		"Contents/Resources/payload.zip/Inner.app":                                  true,
		"Contents/Resources/x.pkg/Library/LoginItems/Inner.app":                     true, // a path of the package, not of the app
		"Contents/Resources/Folder.app/Inner.app":                                   true, // the folder's name alone says nothing
		"Contents/Library/LoginItems/Login.app":                                     false,
		"Contents/Library/Launcher/Start.app":                                       false,
		"Contents/Helpers/Helper.app":                                               false,
		"Contents/helpers/Helper.app":                                               false,
		"Contents/MacOS/Real.app":                                                   false,
		"Contents/Frameworks/App Helper (GPU).app":                                  false,
		"Contents/Frameworks/Updater.framework/Versions/A/Resources/Autoupdate.app": false,
		"Contents/Resources/Updater.framework/Resources/Autoupdate.app":             false,
		"Contents/XPCServices/S.xpc/Contents/Resources/Inner.app":                   false,
		"Contents/PlugIns/P.bundle/Contents/Resources/Inner.app":                    false,
		"Contents/Resources/Pane.prefPane/Contents/Resources/Agent.app":             false,
		"Contents/Resources/app.asar/vendor/notifier.app":                           false,
		"Contents/Resources/app.asar.unpacked/vendor/notifier.app":                  false,
		"Contents/Resources/app/node_modules/notifier/vendor/notifier.app":          false,
		"PlugIns/E.appex/Inner.app":                                                 false,
		"Watch/Companion.app":                                                       false,
		"AppClips/Clip.app":                                                         false,
		"Wrapper/Phone.app":                                                         false,
		"Contents/Helpers/Helper.app/Contents/Resources/Inner.app":                  false, // below a helper: the helper's
		"Contents/Resources/Inner.framework":                                        false,
		"Contents/Resources/Inner.app.zip":                                          false,
		"Contents/Resources":                                                        false,
		"":                                                                          false,
	} {
		if got := Payload(rel); got != want {
			t.Errorf("%q: %v, want %v", rel, got, want)
		}
	}
}
