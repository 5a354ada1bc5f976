package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// tools are the compilers and their versions.
type tools struct {
	nvcc, ptxas, python, nvrtc string
	nvccVersion, nvrtcVersion  string
}

var nvccRelease = regexp.MustCompile(`release [\d.]+, V([\d.]+)`)

func findTools(root, nvcc, venv string) (tools, error) {
	t := tools{nvcc: nvcc, nvrtc: filepath.Join(root, "internal", "build", "nvrtc.py")}
	t.python = filepath.Join(venv, "bin", "python")
	if _, err := os.Stat(t.python); err != nil {
		return t, fmt.Errorf("no virtual environment %s: make cuda makes it (%w)", venv, err)
	}
	if t.nvcc == "" {
		found, _ := filepath.Glob(filepath.Join(venv, "lib", "python3*", "site-packages", "nvidia", "cu13", "bin", "nvcc"))
		if len(found) > 0 {
			t.nvcc = found[0]
		} else {
			t.nvcc = "nvcc"
		}
	}
	path, err := exec.LookPath(t.nvcc)
	if err != nil {
		return t, fmt.Errorf("no nvcc, neither in %s nor in PATH: %w", venv, err)
	}
	t.nvcc = path
	// ptxas lies beside nvcc, which a link in PATH may hide.
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	t.ptxas = filepath.Join(filepath.Dir(path), "ptxas")

	out, err := output(t.nvcc, "--version")
	if err != nil {
		return t, err
	}
	m := nvccRelease.FindStringSubmatch(out)
	if m == nil {
		return t, fmt.Errorf("%s --version names no release:\n%s", t.nvcc, out)
	}
	t.nvccVersion = m[1]
	out, err = output(t.python, t.nvrtc, "--version")
	t.nvrtcVersion = strings.TrimSpace(out)
	return t, err
}

// output runs a command and returns what it writes to both of its outputs; an error has that too.
func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
