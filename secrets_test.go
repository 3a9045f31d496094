package hearth_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// secretLine is a line of a deployment file that sets a secret, and to what.
var secretLine = regexp.MustCompile(`(?i)^\s*(?:ENV|ARG|-)?\s*"?([a-z_]*(?:password|secret|token|passphrase)[a-z_]*)"?\s*[:=]\s*(.*)$`)

// TestNoSecretHasADefault: whoever deploys has to set each one; a file that holds
// one is named, not repeated.
func TestNoSecretHasADefault(t *testing.T) {
	t.Parallel()
	found := 0
	for _, file := range []string{"docker-compose.yml", "Dockerfile"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			if m := secretLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil && m[1] != "secrets" {
				found++
				value := strings.TrimSpace(m[2])
				if !strings.HasPrefix(value, "${") && !strings.HasPrefix(value, "/") || strings.Contains(value, ":-") {
					t.Errorf("%s: %s has the default %q", file, m[1], value)
				}
			}
			if m := regexp.MustCompile(`://[^:/\s]+:([^@\s]+)@`).FindStringSubmatch(line); m != nil && !strings.HasPrefix(m[1], "${") {
				t.Errorf("%s: an address with a password: %s", file, line)
			}
		}
	}
	if found < 3 {
		t.Errorf("%d secrets in the deployment files; this test looks for the wrong thing", found)
	}
}
