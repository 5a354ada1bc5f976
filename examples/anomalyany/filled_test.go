package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFill: --fill is for who gives it, and has a mask whose shape is to be filled.
func TestFill(t *testing.T) {
	dir := modelWith(t, `{"shapes": {"fill": 3}}`)
	for args, want := range map[string]float64{
		"--model " + dir + " --mask auto":                             0,
		"--model " + dir + " --mask auto --fill 0.5":                  0.5,
		"--model " + dir:                                              0,
		"--model " + dir + " --fill 2":                                0,
		"--model " + dir + " --mask auto --preset released --steps 9": 0,
	} {
		f, err := parse(t, append(strings.Fields(args), "--image=nut.png", "--object=nut", "--anomaly=crack")...)
		if err != nil {
			t.Errorf("%s: %v", args, err)
			continue
		}
		if got := f.options().Fill; f.Fill != want || got != want {
			t.Errorf("%s: --fill is %g, of the algorithm %g, want %g", args, f.Fill, got, want)
		}
	}
	for args, says := range map[string]string{
		"--fill -1":                              "--fill is -1",
		"--fill NaN":                             "--fill is NaN",
		"--mask auto --fill 2 --preset released": "--fill is a number of --preset paper",
	} {
		_, err := parse(t, append(strings.Fields(args), "--model", modelA, "--image=nut.png", "--object=nut", "--anomaly=crack")...)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", args, err, says)
		}
	}
}

// TestSettleFill says that it is left out where it would do something.
func TestSettleFill(t *testing.T) {
	for _, c := range []struct {
		fill   float64
		placed bool
		want   float64
		says   bool
	}{{3, true, 3, false}, {3, false, 0, true}, {0, false, 0, false}, {-1, false, -1, false}} {
		var says bytes.Buffer
		f := Filled{c.fill}
		if f.settleFill(&says, c.placed); f.Fill != c.want || strings.Contains(says.String(), "--fill is left out") != c.says {
			t.Errorf("%g, with a place %t: %g, %q", c.fill, c.placed, f.Fill, &says)
		}
	}
}

// TestSuitingShapes has the model's numbers for shapes only where one is asked for.
func TestSuitingShapes(t *testing.T) {
	dir := modelWith(t, `{"gamma": 0.4, "shapes": {"fill": 3, "gamma": 0.1}}`)
	for _, c := range []struct {
		given       map[string]any
		fill, gamma string
	}{
		{map[string]any{"model": dir}, "0", "0.4"},
		{map[string]any{"model": dir, "shape": "line"}, "3", "0.1"},
		{map[string]any{"model": modelA, "shape": "line"}, "0", "0.25"},
	} {
		values, err := suiting(c.given)
		if err != nil {
			t.Fatal(err)
		}
		if values["fill"] != c.fill || values["gamma"] != c.gamma {
			t.Errorf("%v: --fill %v and --gamma %v, want %s and %s", c.given, values["fill"], values["gamma"], c.fill, c.gamma)
		}
	}
}

// TestFillOfEarlierVersions: their pictures are those of --fill 0, and no others.
func TestFillOfEarlierVersions(t *testing.T) {
	f := Spec{Mask: filepath.Join("masks", "one.png")}
	identity := func(fill float64) map[string]string {
		f.Fill = fill
		id, err := (&Provenance{Options: f}).identity()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	earlier, filled := identity(0), identity(2)
	if _, ok := earlier["--fill"]; ok {
		t.Error("the identity without --fill is not that of earlier versions")
	}
	for _, c := range []struct {
		now, before map[string]string
		want        []string
	}{
		{earlier, earlier, nil},
		{filled, earlier, []string{"--fill was not given and is 2"}},
		{earlier, filled, []string{"--fill was 2 and is 0"}},
	} {
		if got := differencesOf(c.now, c.before); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
