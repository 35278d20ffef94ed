package archivetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Relic returns the path of one of the genuine files that
// github.com/sassoftware/relic/v7 v7.6.2 carries (dummy.pkg, dummy.dmg), out of
// the module cache. The test is skipped when the module is not there:
// "go mod download github.com/sassoftware/relic/v7@v7.6.2" brings it.
func Relic(tb testing.TB, name string) string {
	tb.Helper()
	cache := os.Getenv("GOMODCACHE")
	if cache == "" {
		home := os.Getenv("GOPATH")
		if home == "" {
			user, err := os.UserHomeDir()
			if err != nil {
				tb.Skip("no home folder: ", err)
			}
			home = filepath.Join(user, "go")
		}
		cache = filepath.Join(home, "pkg", "mod")
	}
	p := filepath.Join(cache, "github.com/sassoftware/relic/v7@v7.6.2/functest/packages", name)
	if _, err := os.Stat(p); err != nil {
		tb.Skip("relic v7.6.2 is not in the module cache")
	}
	return p
}
