package process

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
)

// Find returns the path of a program: from PATH, or from the folders named,
// where the last match of a pattern wins (the newest version).
func Find(name string, folders ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, folder := range folders {
		matches, err := filepath.Glob(filepath.Join(folder, name))
		if err != nil {
			return "", fmt.Errorf("process: %s: %w", folder, err)
		}
		for _, match := range slices.Backward(matches) {
			if path, err := exec.LookPath(match); err == nil {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("%s is not installed", name)
}
