package isa

import (
	"strings"
	"testing"
)

func TestUse(t *testing.T) {
	before := Current()
	defer current.Store(int32(before))
	for _, l := range Supported() {
		if err := Use(l.String()); err != nil {
			t.Fatal(err)
		}
		if Current() != l {
			t.Errorf("after Use(%q) the level is %v", l, Current())
		}
	}
	if err := Use("mmx"); err == nil || !strings.Contains(err.Error(), `"mmx" is no instruction set`) {
		t.Errorf("Use of an unknown name: %v", err)
	}
	for l := best() + 1; int(l) < Levels; l++ {
		if err := Use(l.String()); err == nil || !strings.Contains(err.Error(), "not to be had here") {
			t.Errorf("Use of %v, which this machine lacks: %v", l, err)
		}
	}
	if Current() != PureGo {
		t.Errorf("a refused name changed the level to %v", Current())
	}
}

func TestSupportedEndsInPureGo(t *testing.T) {
	s := Supported()
	if s[len(s)-1] != PureGo || s[0] != best() {
		t.Errorf("Supported() = %v", s)
	}
}
