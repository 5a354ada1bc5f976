package isa

import "testing"

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
	if err := Use("mmx"); err == nil {
		t.Error("Use accepted an unknown name")
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
