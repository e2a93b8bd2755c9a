// Command discoverer looks for plugins as go-plugin does, and prints as JSON
// what it finds for each pattern: a list of paths, or null for a malformed one.
//
//	discoverer DIRECTORY PATTERN...
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/hashicorp/go-plugin"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: discoverer DIRECTORY PATTERN...")
		os.Exit(2)
	}
	results := [][]string{}
	for _, glob := range os.Args[2:] {
		found, err := plugin.Discover(glob, os.Args[1])
		if err == nil && found == nil {
			found = []string{}
		}
		results = append(results, found)
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
