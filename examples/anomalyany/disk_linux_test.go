package main

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/sdgraph/sdgraph/examples/internal/clitest"
)

// TestFullDisk runs until a small disk is full.
func TestFullDisk(t *testing.T) {
	for name, change := range map[string]func(f *Spec){
		"pictures": func(*Spec) {},
		"states":   func(f *Spec) { f.Steps, f.KeepEvery = 20, 1 },
	} {
		f := small(t)
		f.N = 9
		change(&f)
		f.Out = t.TempDir()
		if err := syscall.Mount("tmpfs", f.Out, "tmpfs", 0, "size=96k"); err != nil {
			t.Skipf("no disk of one's own: %v", err)
		}
		t.Cleanup(func() { syscall.Unmount(f.Out, 0) })
		err := run(t.Context(), f)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), f.Out) {
			t.Errorf("%s: %v, want that there is no space left, and where", name, err)
		}
		checkWhole(t, f.Out)
	}
}

// TestFullOutput prints to what is full.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	f := small(t)
	cmd := clitest.Program(t, "--model", modelA, "--image", f.Image, "--object", "hazelnut", "--anomaly", "crack", "--size", "64", "--steps", "2", "--out", f.Out)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = full, &said
	if err := cmd.Run(); err == nil || !strings.Contains(said.String(), "no space left") {
		t.Errorf("%v:\n%s", err, &said)
	}
	checkWhole(t, f.Out)
}

// TestReadOnly cannot write at all.
func TestReadOnly(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	f := small(t)
	if err := os.Mkdir(f.Out, 0o500); err != nil {
		t.Fatal(err)
	}
	ran, err := runUntil(t, f, 2, 1<<40)
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "--out") || ran > 0 {
		t.Errorf("after %d operations: %v", ran, err)
	}
}
