package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeNamesItsProofs checks that every test that the README names for a guarantee
// is in the directory that it names.
func TestReadmeNamesItsProofs(t *testing.T) {
	const root = "../.."
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	const guarantees = 5
	proofs := regexp.MustCompile(`(?m)^ +Tests: (.*)$`).FindAllStringSubmatch(string(text), -1)
	if len(proofs) != guarantees {
		t.Errorf("the README has tests for %d guarantees, want %d", len(proofs), guarantees)
	}
	place := regexp.MustCompile("((?:`Test\\w+`(?: and )?)+) in \\[\\S+\\]\\((\\S+)\\)")
	for _, proof := range proofs {
		for _, at := range place.FindAllStringSubmatch(proof[1], -1) {
			for _, name := range regexp.MustCompile(`Test\w+`).FindAllString(at[1], -1) {
				if !hasTest(t, filepath.Join(root, at[2]), name) {
					t.Errorf("%s has no %s", at[2], name)
				}
			}
		}
	}
}

func hasTest(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "func "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
