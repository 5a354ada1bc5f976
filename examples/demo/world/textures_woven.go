package world

import (
	"math"
	"math/rand/v2"
)

// carpet is rows of yarn loops, leaning to one side or to either in turn.
func carpet() Subject {
	dyes := []dye{
		{"grey", 0x7d7b78}, {"grey", 0x5c5e61}, {"red", 0x8c2f2c}, {"blue", 0x36527d}, {"beige", 0xb79f7b}, {"green", 0x4d6247},
	}
	return material("carpet", func(r *rand.Rand, _ float32) (func(x, y float32) matter, string) {
		yarn, colour := pick(r, dyes)
		row := 1 / between(r, 11, 15.5)
		p := pile{
			frame: newFrame(r, quarter(r), 0.12), yarn: yarn, fleck: yarn.Mix(pickTint(r, 0xd8d0c0, 0x2c2a28), 0.4),
			row: row, pitch: row * between(r, 0.95, 1.6), lean: between(r, 0.25, 0.7), herring: r.IntN(2) == 0, flecks: between(r, 0, 0.5),
			tone: NewNoise(r), fibre: NewNoise(r),
		}
		return p.at, colour
	})
}

type pile struct {
	frame
	yarn, fleck RGB
	row, pitch  float32 // between rows, and between loops in a row
	lean        float32 // how slanted loops are
	herring     bool    // whether rows lean in turn to one side and to the other
	flecks      float32 // how much of the second colour is spun in

	tone, fibre Noise
}

func (p pile) at(x, y float32) matter {
	u, v := p.frame.at(x, y)
	worn := p.tone.Fractal(2.2*u, 2.2*v, 2)
	v += 0.006 * p.tone.At(5*u, 3*v)
	j, fv := split(v / p.row)
	lean := p.lean
	if p.herring && j&1 == 1 {
		lean = -lean
	}
	b := fv - 0.5
	i, fu := split(u/p.pitch + lean*b + 0.5*float32(j&1))
	a := fu - 0.5
	full := 1 - 3.4*a*a - 3.1*b*b // a dome over the loop's cell, below 0 in its corners
	loop := smoothstep(-0.25, 0.75, full)
	// Fibres run along the loop, which arches across the row.
	fibre := p.fibre.At(3.1*u/p.pitch+float32(3*i), 3.2*b+float32(7*j)+1.2*a)
	shade := (0.42 + 0.58*loop) * (1 + 0.16*(p.tone.White(i, j)-0.5) + 0.2*worn + 0.28*fibre)
	fleck := p.flecks * smoothstep(0.55, 0.9, p.fibre.White(i, j))
	return matter{albedo: p.yarn.Mix(p.fleck, fleck).Scale(shade), height: 0.2*p.row*max(full, -0.4) + 0.0022*fibre + 0.008*worn}
}

// grid is a mesh of metal wires over a dark ground.
func grid() Subject {
	return material("grid", func(r *rand.Rand, pixel float32) (func(x, y float32) matter, string) {
		angles := [2]float32{0, math.Pi / 2} // square
		if r.IntN(2) == 0 {                  // diamonds
			half := between(r, 0.6, 0.95)
			angles = [2]float32{half, math.Pi - half}
		}
		pitch := 1 / between(r, 7.5, 11.5)
		m := mesh{
			frame: newFrame(r, 0, 0.1), pixel: pixel, pitch: pitch, radius: max(0.0135, pitch*between(r, 0.14, 0.21)),
			weave: between(r, 0.2, 0.5), metal: pickTint(r, 0xb4b6b8, 0x9a9c9e, 0xc2bfb8), gloss: between(r, 0.5, 0.75),
			ground: pickTint(r, 0x1b1b1d, 0x22262e, 0x2b2622, 0x20261f), bend: NewNoise(r), tone: NewNoise(r),
		}
		for k, a := range angles {
			sin, cos := math.Sincos(float64(a))
			m.across[k] = [2]float32{float32(cos), float32(sin)}
		}
		return m.at, ""
	})
}

type mesh struct {
	frame
	pixel         float32
	pitch, radius float32 // between wires, and of one
	weave         float32 // how far wires swing over and under each other, in radii
	metal, ground RGB
	gloss         float32
	across        [2][2]float32 // the direction across each of the two sets of wires

	bend, tone Noise
}

func (m mesh) at(x, y float32) matter {
	u, v := m.frame.at(x, y)
	bu, bv := u+0.006*m.bend.At(2.5*u, 2.5*v), v+0.006*m.bend.At(2.5*u+9, 2.5*v)
	stain := m.tone.Fractal(3*u, 3*v, 2)
	out := matter{albedo: m.ground.Scale(1 + 0.5*stain), height: -0.5 * m.radius}
	metal := m.metal.Scale(1 + 0.14*stain)
	var phase [2]float32
	for k, n := range m.across {
		phase[k] = (n[0]*bu + n[1]*bv) / m.pitch
	}
	lower, lowerIn := m.wire(phase[0], phase[1], 1)
	upper, upperIn := m.wire(phase[1], phase[0], -1)
	if lower > upper {
		lower, lowerIn, upper, upperIn = upper, upperIn, lower, lowerIn
	}
	out = out.mix(matter{metal, lower, m.gloss}, lowerIn)
	return out.mix(matter{metal, upper, m.gloss}, upperIn)
}

// wire is how high the nearest wire of a set is, and how much of the cell it
// covers: across counts wires across the set and along counts those that it
// crosses; side is 1 for one set and -1 for the other.
func (m mesh) wire(across, along, side float32) (height, cover float32) {
	nearest := floor(across + 0.5)
	if int(nearest)&1 == 1 {
		side = -side
	}
	swing := side * m.weave * m.radius * float32(math.Cos(math.Pi*float64(along)))
	q := (across - nearest) * m.pitch / m.radius
	round := m.radius * 0.6 * (1 - min(q*q, 1.5))
	return swing + round, smoothstep(m.radius+m.pixel, m.radius-m.pixel, abs(q)*m.radius)
}
