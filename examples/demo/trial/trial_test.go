package trial

import (
	"testing"

	"github.com/sdgraph/sdgraph/examples/demo/world"
)

func TestSpread(t *testing.T) {
	subjects, defects := len(world.Subjects()), len(world.Defects())
	for pairs, want := range map[world.Selection]int{world.SeenPairs: subjects * (defects - 1), world.UnseenPairs: subjects, world.AllPairs: subjects * defects} {
		trials, err := Spread(pairs, 2*want+1, 40)
		if err != nil {
			t.Fatal(err)
		}
		count := map[[2]string]int{}
		for i, one := range trials {
			count[[2]string{one.Subject.Name, one.Defect.Name}]++
			if one.Seed != 40+uint64(i) {
				t.Errorf("%s: trial %d has the seed %d", pairs, i, one.Seed)
			}
			if pairs != world.AllPairs && one.Unseen() != (pairs == world.UnseenPairs) {
				t.Errorf("%s has %s on %s", pairs, one.Defect.Name, one.Subject.Name)
			}
		}
		if len(count) != want {
			t.Errorf("%s: %d pairs, want %d", pairs, len(count), want)
		}
		for pair, n := range count {
			if n < 2 || n > 3 {
				t.Errorf("%s: %v comes %d times", pairs, pair, n)
			}
		}
	}
	if _, err := Spread("some", 1, 0); err == nil {
		t.Error("unknown pairs: no error")
	}
}

// TestTruth wants the two drawings of a trial to differ where the truth says so.
func TestTruth(t *testing.T) {
	trials, err := Spread(world.SeenPairs, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range trials {
		const size = 64
		good, bad := one.Normal(size), one.Defective(size)
		if bad.Caption != world.Caption(one.Subject.Name, one.Defect.Name) && bad.Colour == "" {
			t.Errorf("caption %q, want %q", bad.Caption, world.Caption(one.Subject.Name, one.Defect.Name))
		}
		truth, mask, inside, changed := Truth(bad), Mask(bad), 0, 0
		for i, v := range truth {
			if v != (mask[i] == 1) {
				t.Fatalf("pixel %d: %v and %v", i, v, mask[i])
			}
			if !v {
				continue
			}
			inside++
			if string(good.Picture[3*i:3*i+3]) != string(bad.Picture[3*i:3*i+3]) {
				changed++
			}
		}
		if inside == 0 || 2*changed < inside {
			t.Errorf("%s on %s: %d pixels changed of %d", one.Defect.Name, one.Subject.Name, changed, inside)
		}
	}
}
