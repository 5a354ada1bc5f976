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
	nvcc, ptxas               string
	python, nvrtc, ptxas12    string // of CUDA 12: NVRTC, and the assembler that its drivers have built in
	nvccVersion, nvrtcVersion string
}

var nvccRelease = regexp.MustCompile(`release [\d.]+, V([\d.]+)`)

func findTools(root, nvcc, venv string) (tools, error) {
	t := tools{nvcc: nvcc, nvrtc: filepath.Join(root, "internal", "build", "nvrtc.py")}
	t.python = filepath.Join(venv, "bin", "python")
	if _, err := os.Stat(t.python); err != nil {
		return t, fmt.Errorf("no virtual environment %s: make cuda makes it (%w)", venv, err)
	}
	if t.ptxas12 = wheelFile(venv, "cuda_nvcc", "bin", "ptxas"); t.ptxas12 == "" {
		return t, fmt.Errorf("%s has not all of %s/requirements.txt: make cuda installs it", venv, root)
	}
	if t.nvcc == "" {
		if t.nvcc = wheelFile(venv, "cu13", "bin", "nvcc"); t.nvcc == "" {
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

// wheelFile returns the path of a file of NVIDIA's wheels, "" if it is not there.
func wheelFile(venv string, parts ...string) string {
	wheels := filepath.Join(venv, "lib", "python3*", "site-packages", "nvidia")
	found, _ := filepath.Glob(filepath.Join(append([]string{wheels}, parts...)...))
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

// output runs a command and returns what it writes to both of its outputs; an error has that too.
func output(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}
