package capability

import (
	"strings"
	"testing"

	"github.com/kinbom/kinbom/sbom"
)

// unitCase is a list of facts ("kind:value") with what the history rule must
// say. Examples in the rule file show how the rule is meant; these look for
// its edges.
type unitCase struct {
	name   string
	facts  []string
	grade  sbom.Grade
	stores string
	flags  string
}

// unitOf lays the facts out one behind the other, as in a file.
func unitOf(facts []string) *sbom.Unit {
	u := &sbom.Unit{Image: sbom.DigestOf([]byte(strings.Join(facts, "\x00"))), Scope: sbom.ScopeImage}
	at := int64(16)
	for _, f := range facts {
		kind, value, _ := strings.Cut(f, ":")
		section := ""
		switch sbom.FactKind(kind) {
		case sbom.FactString, sbom.FactCFString:
			section = "__TEXT,__cstring"
		case sbom.FactConst:
			section = "__TEXT,__rodata"
		}
		u.Facts = append(u.Facts, sbom.Fact{Kind: sbom.FactKind(kind), Value: []byte(value), Section: section, Offset: at, Length: int64(len(value))})
		at += int64(len(value)) + 1
	}
	return u
}

// tagOf is the tag of one capability, or the empty one.
func tagOf(tags []sbom.Tag, capability string) sbom.Tag {
	for _, t := range tags {
		if t.Capability == capability {
			return t
		}
	}
	return sbom.Tag{}
}

func runCases(t *testing.T, cases []unitCase) {
	s := mustBuiltin(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tags := s.Match(unitOf(c.facts), sbom.DigestOf(nil), 0)
			got := tagOf(tags, "browser.history.read")
			if c.grade.Rank() < sbom.GradeLikely.Rank() {
				quiet(t, c.name, tags)
			}
			if got.Grade != c.grade || strings.Join(got.Stores, " ") != c.stores || strings.Join(got.Flags, " ") != c.flags {
				t.Errorf("got %q of %v %v, want %q of %q %q", got.Grade, got.Stores, got.Flags, c.grade, c.stores, c.flags)
				for _, e := range got.Evidence {
					t.Logf("%s %s %q", e.Signal, e.Kind, e.Bytes)
				}
			}
		})
	}
}

// quiet wants no other tag of a browser's data from likely on for what only looks
// like a reader of the history. What a case is by its name is left out.
func quiet(t *testing.T, name string, tags []sbom.Tag) {
	t.Helper()
	for _, tag := range tags {
		if !strings.HasPrefix(tag.Capability, "browser.") || tag.Grade.Rank() < sbom.GradeLikely.Rank() {
			continue
		}
		switch {
		case tag.Capability == "browser.data.clear" && strings.Contains(name, "cleaner"):
		case tag.Capability == "browser.bookmarks.read" && strings.Contains(name, "bookmark"):
		default:
			t.Errorf("%s by %s: %s", tag.Capability, tag.Rule, tag.Grade)
		}
	}
}

func TestReaders(t *testing.T) {
	const likely = sbom.GradeLikely
	runCases(t, []unitCase{
		{"Safari joined", []string{"string:/Users/%s/Library/Safari/History.db", "string:SELECT url FROM history_items WHERE visit_count > 0"}, likely, "safari", ""},
		{"Safari joined, query names one table only", []string{"cfstring:%@/Library/Safari/History.db", "cfstring:select url, title from history_items"}, likely, "safari", ""},
		{"Safari in its container", []string{"string:/Library/Containers/com.apple.Safari/Data/Library/Safari/Profiles/%s/History.db", "string:SELECT v.visit_time FROM history_visits v"}, likely, "safari", ""},
		{"Safari by parts in CFStrings", []string{"cfstring:Library", "cfstring:Safari", "cfstring:History.db", "cfstring:SELECT * FROM history_visits INNER JOIN history_items ON 1"}, likely, "safari", ""},
		{"Safari by query builder", []string{"string:Library/Safari", "string:History.db", "string:history_items", "string:url"}, likely, "safari", ""},
		{"Safari by epoch in C", []string{"string:%s/Library/Safari/%s", "string:History.db", "string:visit_time + 978307200", "import:sqlite3_open"}, likely, "safari", ""},
		{"Safari in one shell line", []string{`string:sqlite3 "$HOME/Library/Safari/History.db" "SELECT url FROM history_items JOIN history_visits"`}, likely, "safari", ""},
		{"Chrome joined", []string{"string:%s/Library/Application Support/Google/Chrome/Default/History", "string:SELECT url, title FROM urls"}, likely, "chromium", ""},
		{"Chrome by root and weak file", []string{"cfstring:Google/Chrome", "cfstring:/Default", "cfstring:/History", "cfstring:SELECT url FROM urls ORDER BY last_visit_time DESC"}, likely, "chromium", ""},
		{"Chrome by parts", []string{"string:Google", "string:Chrome", "string:Default", "string:History", "string:select urls.url, visits.visit_duration from urls, visits"}, likely, "chromium", ""},
		{"Chrome by epoch and opener", []string{"string:Application Support/Google/Chrome", "string:History", "string:11644473600", "import:sqlite3_open_v2"}, likely, "chromium", ""},
		{"Brave", []string{"string:BraveSoftware/Brave-Browser", "string:Default/History", "string:SELECT u.url FROM urls AS u"}, likely, "chromium", ""},
		{"Edge on several profiles", []string{"cfstring:Application Support/Microsoft Edge/Profile %d/History", "cfstring:SELECT typed_count FROM urls"}, likely, "chromium", ""},
		{"Firefox joined", []string{"string:Library/Application Support/Firefox/Profiles/%s/places.sqlite", "string:SELECT url FROM moz_places"}, likely, "firefox", ""},
		{"Firefox by parts", []string{"cfstring:Firefox", "cfstring:Profiles", "cfstring:places.sqlite", "cfstring:SELECT url FROM moz_places WHERE last_visit_date > ?"}, likely, "firefox", ""},
		{"two families by query and folder, no file names", []string{"string:Library/Safari", "string:SELECT x FROM history_visits WHERE visit_time > 1", "string:Google/Chrome", "string:SELECT x FROM urls WHERE last_visit_time > 1"}, likely, "chromium safari", ""},
		{"three families", []string{"string:Library/Safari/History.db", "string:SELECT x FROM history_visits, history_items", "string:Google/Chrome/Default/History", "string:SELECT x FROM urls WHERE last_visit_time > 1", "string:Firefox/Profiles", "string:places.sqlite", "string:SELECT x FROM moz_historyvisits"}, likely, "chromium firefox safari", ""},
		{"Go run", []string{"const:oneLibrary/Safari/History.dbtwoselect url from history_items join history_visits on 1three"}, likely, "safari", ""},
		{"Go run, Firefox", []string{"const:abcLibrary/Application Support/Firefox/ProfilesdefSELECT url, last_visit_date FROM moz_placesplaces.sqliteghi"}, likely, "firefox", ""},
		{"Windows paths", []string{`string:AppData\Local\Google\Chrome\User Data\Default\History`, "string:SELECT url FROM urls WHERE last_visit_time > ?"}, likely, "chromium", ""},
		{"reads and deletes", []string{"string:Library/Safari/History.db", "string:SELECT url FROM history_items", "string:DELETE FROM history_visits"}, likely, "safari", ""},
		{"own copy of the table beside the folder", []string{"string:Google/Chrome/Default/History", "string:CREATE TABLE urls (url TEXT)", "string:SELECT url FROM urls"}, likely, "chromium", ""},
		{"Gecko that imports from Chrome", []string{"string:XUL_APP_FILE", "string:CREATE TABLE moz_places (id)", "string:SELECT url FROM moz_places WHERE visit_count > 0", "string:places.sqlite", "string:Google/Chrome", "string:History", "string:SELECT url FROM urls WHERE last_visit_time > 0"}, likely, "chromium", "importer"},
	})
}

func TestLookAlikes(t *testing.T) {
	const mentions = sbom.GradeMentions
	runCases(t, []unitCase{
		{"nothing", []string{"string:hello"}, "", "", ""},
		{"words alone", []string{"string:History", "string:Cookies", "string:Default", "string:Chrome", "string:Safari", "string:Firefox", "import:sqlite3_open"}, "", "", ""},
		{"default browser picker", []string{"cfstring:com.apple.Safari", "cfstring:com.google.Chrome", "cfstring:org.mozilla.firefox", "selector:URLForApplicationToOpenURL:", "cfstring:History"}, "", "", ""},
		{"picker and own tables", []string{"cfstring:com.google.Chrome", "cfstring:Chrome", "cfstring:History", "cfstring:SELECT url, title, visit_count FROM urls", "cfstring:SELECT * FROM visits WHERE day = ?", "import:sqlite3_open"}, "", "", ""},
		{"clipboard manager with own history_items", []string{"cfstring:History.db", "cfstring:SELECT id FROM history_items", "cfstring:com.apple.Safari", "class-ref:FMDatabase"}, mentions, "safari", ""},
		{"own database, made here", []string{"string:CREATE TABLE IF NOT EXISTS history_items (id, url, visit_count)", "string:SELECT url, visit_count FROM history_items", "string:History.db", "string:Safari"}, mentions, "safari", "own-store"},
		{"GNOME Web, which imports bookmarks", []string{"string:CREATE TABLE urls (id, url, visit_count, typed_count, last_visit_time)", "string:SELECT url, last_visit_time FROM urls", "string:SELECT url FROM visits", "string:CREATE TABLE visits (id)", "string:Firefox", "string:places.sqlite", "string:SELECT b.title FROM moz_bookmarks b JOIN moz_places p ON 1"}, mentions, "chromium firefox", "own-store"},
		{"table of user agents", []string{"string:Chrome/", "string:Mozilla/5.0 AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "string:Firefox/%d"}, "", "", ""},
		{"documentation in one text", []string{"string:Chrome keeps History under Google/Chrome/Default/History. Firefox keeps places.sqlite under Firefox/Profiles. Try SELECT url, last_visit_time FROM urls or SELECT url FROM moz_places. That is all."}, mentions, "chromium firefox", ""},
		{"web page about it", []string{"string:<p>Open <code>Library/Safari/History.db</code> and run <code>SELECT url FROM history_items JOIN history_visits</code></p>"}, mentions, "safari", ""},
		{"Sigma rules", []string{"string:logsource:\n  category: file\ndetection:\n  selection:\n    path: 'Google/Chrome/Default/History'\n    sql: 'SELECT url, last_visit_time FROM urls'"}, mentions, "chromium", ""},
		{"cleaner by DELETE", []string{"string:Google/Chrome/Default/History", "string:DELETE FROM urls", "string:DELETE FROM visits WHERE url IN (SELECT id FROM urls)", "import:sqlite3_open", "import:sqlite3_exec"}, mentions, "chromium", "clears"},
		{"cleaner by UPDATE and sub-select", []string{"string:Firefox/Profiles", "string:places.sqlite", "string:UPDATE moz_places SET visit_count = 0 WHERE id IN (SELECT place_id FROM moz_historyvisits)", "import:sqlite3_exec"}, mentions, "firefox", "clears"},
		{"cleaner by unlink", []string{"string:%s/Library/Safari/History.db", "import:unlink"}, mentions, "safari", "clears"},
		{"uninstaller, roots only", []string{"cfstring:~/Library/Application Support/Google/Chrome", "cfstring:~/Library/Application Support/Firefox", "selector:removeItemAtURL:error:"}, mentions, "chromium firefox", ""},
		{"backup list with an opener", []string{"string:Library/Safari/History.db", "string:Google/Chrome/Default/History", "string:Firefox/Profiles", "string:places.sqlite", "import:sqlite3_open", "import:copyfile", "string:SELECT path FROM backups"}, mentions, "chromium firefox safari", ""},
		{"native-messaging installer", []string{"cfstring:Google/Chrome/NativeMessagingHosts", "cfstring:Chromium/NativeMessagingHosts", "cfstring:Mozilla/NativeMessagingHosts/host.json", "cfstring:History", "cfstring:SELECT url FROM urls", "import:sqlite3_open"}, "", "", ""},
		{"extension inventory", []string{"cfstring:Google/Chrome/Default/Extensions", "cfstring:Firefox/Profiles", "cfstring:extensions.json"}, mentions, "firefox", ""},
		{"own cookie jar", []string{"cfstring:Library/Cookies/Cookies.binarycookies", "cfstring:Cache.db", "cfstring:cfurl_cache_response", "cfstring:SELECT * FROM cookies"}, "", "", ""},
		{"QtWebEngine", []string{"string:src/3rdparty/chromium/components/history/core/", "string:CREATE TABLE segment_usage (id)", "string:CREATE TABLE visit_source(id)", "string:SELECT url, last_visit_time FROM urls", "string:Google/Chrome/WidevineCdm", "string:History", "string:Chrome"}, mentions, "chromium", "engine"},
		{"Electron", []string{"string:ELECTRON_RUN_AS_NODE", "string:electron/js2c/browser_init", "string:SELECT url FROM urls WHERE last_visit_time > 1", "string:Default/History", "string:Chrome"}, mentions, "chromium", "engine"},
		{"libxul", []string{"string:XUL_APP_FILE", "string:toolkit/components/places", "string:CREATE TABLE moz_places (id)", "string:places.sqlite", "string:Firefox/Profiles", "string:SELECT url FROM moz_places WHERE visit_count > 0"}, mentions, "firefox", "engine"},
		{"reader of Thunderbird", []string{"string:Library/Thunderbird/Profiles", "string:places.sqlite", "string:SELECT id FROM moz_places"}, mentions, "firefox", ""},
		{"bookmark importer", []string{"cfstring:Firefox/Profiles", "cfstring:places.sqlite", "cfstring:SELECT p.url, p.visit_count FROM moz_bookmarks b JOIN moz_places p ON b.fk = p.id", "import:sqlite3_open"}, mentions, "firefox", ""},
		{"Safari bookmarks, test for full disk access", []string{"cfstring:Library/Safari/Bookmarks.plist", "cfstring:History"}, "", "", ""},
		{"page of a web site", []string{"string:https://example.invalid/Google/Chrome/Default/History", "string:SELECT url FROM urls"}, "", "", ""},
		{"crash report names a path", []string{"string:could not read Library/Safari/History.db: permission denied", "import:sqlite3_open"}, mentions, "safari", ""},
		{"analytics with tables urls and visits", []string{"string:SELECT u.url FROM urls u JOIN visits v ON v.url = u.id WHERE v.visit_time > ?", "string:Chrome", "string:Safari", "string:History", "import:sqlite3_open"}, "", "", ""},
		{"Windows file time and a browser's name", []string{"string:11644473600", "string:Chrome", "string:History", "import:sqlite3_open"}, "", "", ""},
		{"Go help text with a table", []string{"const:read rows from urls and visitsHistoryDefaultChromeSafari"}, "", "", ""},
		{"longer file names", []string{"string:ClipboardHistory.db", "string:myplaces.sqlite", "string:Safari", "string:SELECT a FROM history_items_old"}, "", "", ""},
	})
}

func TestNeighbourRules(t *testing.T) {
	s := mustBuiltin(t)
	for _, c := range []struct {
		name, capability string
		facts            []string
		want             sbom.Grade
	}{
		{"zip by class alone", "exfil.archive", []string{"class:SSZipArchive"}, ""},
		{"zip by selector", "exfil.archive", []string{"class:SSZipArchive", "selector:createZipFileAtPath:withFilesAtPaths:"}, "likely"},
		{"tool that nothing starts", "exfil.archive", []string{"cfstring:/usr/bin/zip", "cfstring:-qr"}, "mentions"},
		{"zip by tool and option", "exfil.archive", []string{"cfstring:/usr/bin/zip", "cfstring:-qr", "class-ref:NSTask"}, "likely"},
		{"tool alone", "exfil.archive", []string{"cfstring:/usr/bin/zip"}, "mentions"},
		{"unzip", "exfil.archive", []string{"import:unzOpen64", "import:inflate"}, ""},
		{"upload by selector", "exfil.upload", []string{"selector:uploadTaskWithRequest:fromFile:"}, "likely"},
		{"one cue", "exfil.upload", []string{"string:multipart/form-data"}, "mentions"},
		{"what a server reads", "exfil.upload", []string{"string:multipart/form-data", "string:Content-Disposition: form-data"}, "mentions"},
		{"what a client writes", "exfil.upload", []string{"string:multipart/form-data; boundary=%@", "string:Content-Disposition: form-data; name=\"a\""}, "likely"},
		{"get only", "exfil.upload", []string{"selector:dataTaskWithURL:", "string:GET / HTTP/1.1"}, ""},
		{"a string is no selector", "exfil.upload", []string{"string:setHTTPBody:"}, ""},
	} {
		if got := tagOf(s.Match(unitOf(c.facts), "", 0), c.capability); got.Grade != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got.Grade, c.want)
		}
	}
}

// An upload sink in the same unit must not change what is said of a reader.
func TestUploadStrengthensNothing(t *testing.T) {
	s := mustBuiltin(t)
	facts := []string{"string:Library/Safari/History.db", "import:sqlite3_open"}
	sink := []string{"selector:uploadTaskWithRequest:fromFile:", "selector:createZipFileAtPath:withFilesAtPaths:", "string:multipart/form-data"}
	alone := tagOf(s.Match(unitOf(facts), "", 0), "browser.history.read")
	beside := tagOf(s.Match(unitOf(append(facts, sink...)), "", 0), "browser.history.read")
	if alone.Grade != sbom.GradeMentions || beside.Grade != alone.Grade || len(beside.Evidence) != len(alone.Evidence) {
		t.Errorf("alone %q, beside a sink %q", alone.Grade, beside.Grade)
	}
}
