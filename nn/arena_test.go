package nn

import (
	"testing"

	G "gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"
)

// TestArenaGrowsOnce checks that the first program to run makes room for the
// largest one.
func TestArenaGrowsOnce(t *testing.T) {
	arena := NewArena()
	of := func(n int) *Program {
		return compile(t, func(b *Build) []*G.Node { return []*G.Node{Softmax(b.Input("x", 1, n))} }, WithArena(arena))
	}
	small, large := of(16), of(1<<12)
	if arena.Bytes() != 0 {
		t.Errorf("the arena has %d bytes before anything runs", arena.Bytes())
	}
	if _, err := small.Run(t.Context(), map[string]*gt.Dense{"x": dense(normal(1, 16), gt.Shape{1, 16})}); err != nil {
		t.Fatal(err)
	}
	if got, want := arena.Bytes(), large.ArenaBytes(); got != want {
		t.Errorf("the arena has %d bytes, want %d", got, want)
	}
}
