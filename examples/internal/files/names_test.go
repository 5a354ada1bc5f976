package files

import (
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

func TestName(t *testing.T) {
	for text, want := range map[string]string{
		"hazelnut": "hazelnut", "metal nut": "metal-nut", "Metal  Nut ": "metal-nut", "well-worn": "well-worn",
		"a photo of a cat": "a-photo-of-a-cat", "pcb4": "pcb4", "": "", " ": "",
		"猫": "猫", "Ёж": "ёж", "螺丝 钉": "螺丝-钉", "ナット": "ナット", "cafe\u0301": "caf\u00e9", "หมวก": "หมวก",
	} {
		if got := Name(text); got != want {
			t.Errorf("%q is called %q, want %q", text, got, want)
		}
	}
	for text, begins := range map[string]string{
		"c++": "c-", "c": "c", "C#": "c-", "+": "", "-": "", "../../etc/passwd": "etc-passwd-", "🐱": "", "a--b": "a-b-", "-a": "a-",
		"straße": "strasse-", "a\x00b": "a-b-", "\xff": "", "con": "con-", "LPT1": "lpt1-", "½": "",
		strings.Repeat("a", 300): strings.Repeat("a", 51) + "-", strings.Repeat("猫", 300): strings.Repeat("猫", 17) + "-",
	} {
		got := Name(text)
		if hash, found := strings.CutPrefix(got, begins); !found || text != "c" && len(hash) != 8 {
			t.Errorf("%q is called %q, want %q and a hash", text, got, begins)
		}
	}
}

// TestNamesDiffer where the texts do.
func TestNamesDiffer(t *testing.T) {
	first40 := "a photo of a very old and rusty metal nut "
	texts := []string{
		"猫", "犬", "ナット", "ボルト", "c", "c++", "c#", "c--", "🐱", "🐶", "+", "-", "straße", "strasse", "σας", "σασ",
		first40 + first40 + "with a crack", first40 + first40 + "with a dent",
		strings.Repeat("x", 300), strings.Repeat("x", 299), strings.Repeat("x", 60), strings.Repeat("x", 61),
		"nul", "nul 1", "\xff", "\xfe", "a,b", "a.b", "a b",
	}
	by := map[string]string{}
	for _, text := range texts {
		name := cases.Fold().String(norm.NFD.String(Name(text)))
		if other, ok := by[name]; ok {
			t.Errorf("%q and %q are both called %q", other, text, name)
		}
		by[name] = text
	}
}

// folded is a name that has one case, whichever a text had: small letters, but those of Cherokee, which case folding
// makes capitals (and package cases folds capitals back).
func folded(name string) string { return norm.NFC.String(cases.Fold().String(strings.ToLower(name))) }

func FuzzName(f *testing.F) {
	for _, text := range []string{"metal nut", "../..", "\x00", "\u0301x", strings.Repeat("螺", 90), "CON", "İstanbul", "ǰ", "\u1e9e", "Ꮣ", "ꮣ"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name := Name(text)
		if len(name) > LongestName || !utf8.ValidString(name) || !norm.NFC.IsNormalString(name) || folded(name) != name {
			t.Errorf("%q is called %q", text, name)
		}
		if name == "" && strings.TrimSpace(text) != "" {
			t.Errorf("%q has no name", text)
		}
		if name != "" && CheckPlain(name+"-0000.png") != nil {
			t.Errorf("%q is called %q: %v", text, name, CheckPlain(name))
		}
		if again := Name(norm.NFD.String(text)); again != name && utf8.ValidString(text) {
			t.Errorf("%q is called %q, and %q when it is decomposed", text, name, again)
		}
	})
}

func TestCheckPlain(t *testing.T) {
	for _, name := range []string{"a.png", "猫-0000.png", "a b.json"} {
		if err := CheckPlain(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", ".", "..", "../a", "/a", "a/b", `a\b`, `..\a`, "c:a", "javascript:x", ".hidden", "a\nb", "\xff", "a\x00", strings.Repeat("a", 256)} {
		if err := CheckPlain(name); err == nil {
			t.Errorf("%q passes", name)
		}
	}
}
