package world

import (
	"math"
	"math/rand/v2"
)

// tile is glazed square tiles with joints between them.
func tile() Subject {
	dyes := []dye{
		{"white", 0xe3e0d9}, {"white", 0xdcdfe1}, {"blue", 0x2f62a8}, {"blue", 0x7fa9cc}, {"green", 0x3f7f63},
		{"green", 0x93b79c}, {"grey", 0x84898d}, {"beige", 0xd3bd95}, {"red", 0xa2472f},
	}
	return material("tile", func(r *rand.Rand, pixel float32) (func(x, y float32) matter, string) {
		glaze, colour := pick(r, dyes)
		turn := float32(0)
		if r.IntN(5) == 0 {
			turn = math.Pi / 4
		}
		t := tiling{
			frame: newFrame(r, turn, 0.09), side: 1 / between(r, 1.6, 3.1), pixel: pixel,
			joint: between(r, 0.007, 0.014), bevel: between(r, 0.012, 0.024), glaze: glaze,
			grout:  pickTint(r, 0xb9b4aa, 0x8d8a85, 0x57544f, 0xd0ccc4),
			shades: between(r, 0.02, 0.12), cloud: between(r, 0.03, 0.16), gloss: between(r, 0.62, 0.85), wavy: between(r, 0.006, 0.015),
			tone: NewNoise(r), waves: NewNoise(r), tiltU: NewNoise(r), tiltV: NewNoise(r),
		}
		return t.at, colour
	})
}

type tiling struct {
	frame
	side, pixel   float32 // of a tile with its share of the joint, and of a cell of the surface
	joint, bevel  float32 // half the joint's width, and the rounding of the edges
	glaze, grout  RGB
	shades, cloud float32 // how much tiles differ, and how much one is mottled
	gloss, wavy   float32 // of the glaze

	tone, waves, tiltU, tiltV Noise
}

func (t tiling) at(x, y float32) matter {
	u, v := t.frame.at(x, y)
	i, fu := split(u / t.side)
	j, fv := split(v / t.side)
	du, dv := (fu-0.5)*t.side, (fv-0.5)*t.side
	half := t.side/2 - t.joint
	in := inset(du, dv, half, half, 0.018)

	// No tile is laid quite flat and no glaze is quite even, which shows in what they reflect.
	tilt := 0.1 * ((t.tiltU.White(i, j)-0.5)*du + (t.tiltV.White(i, j)-0.5)*dv)
	cloud := t.tone.Fractal(5*u+float32(7*i), 5*v+float32(3*j), 3)
	wave := t.waves.At(3.2*u, 3.2*v)
	// Glaze runs off the edges while it melts: the rim is paler.
	rim := 0.22 * smoothstep(2*t.bevel, 0, in)
	face := matter{
		albedo: t.glaze.Scale(1+t.shades*(2*t.tone.White(i, j)-1)+t.cloud*cloud).Mix(RGB{0.8, 0.8, 0.78}, rim*0.4),
		height: 0.011*smoothstep(-0.3*t.bevel, t.bevel, in) + t.wavy*wave + tilt*smoothstep(0, 2*t.bevel, in),
		gloss:  t.gloss,
	}
	joint := matter{albedo: t.grout.Scale(1 + 0.14*t.waves.At(21*u, 21*v)), height: face.height}
	return joint.mix(face, smoothstep(-t.pixel, t.pixel, in))
}

// brick is a wall in running bond: each course is half a brick off the next.
func brick() Subject {
	dyes := []dye{
		{"red", 0xa5523c}, {"red", 0x95432f}, {"red", 0xb4634a}, {"yellow", 0xc6a468}, {"grey", 0x86827d}, {"brown", 0x76513c},
	}
	return material("brick", func(r *rand.Rand, pixel float32) (func(x, y float32) matter, string) {
		clay, colour := pick(r, dyes)
		course := 1 / between(r, 3.4, 5.6)
		w := wall{
			frame: newFrame(r, 0, 0.07), pixel: pixel, course: course, length: course * between(r, 2.1, 2.7),
			joint: between(r, 0.011, 0.018), depth: between(r, 0.009, 0.015), clay: clay,
			burnt: clay.Scale(0.45).Mix(Hex(0x4a4140), 0.4), mortar: pickTint(r, 0xbcb3a4, 0xa39d94, 0xcfc7b8, 0x8b8680),
			shades: between(r, 0.10, 0.26), tone: NewNoise(r), ragged: NewNoise(r), rough: NewNoise(r),
		}
		return w.at, colour
	})
}

type wall struct {
	frame
	pixel               float32
	course, length      float32 // a brick's height and length, each with its share of the joint
	joint, depth        float32 // half the joint's width, and how far it lies behind
	clay, burnt, mortar RGB
	shades              float32 // how much bricks differ
	tone, ragged, rough Noise
}

func (w wall) at(x, y float32) matter {
	u, v := w.frame.at(x, y)
	j, fv := split(v / w.course)
	i, fu := split(u/w.length + 0.5*float32(j&1) + 0.05*w.tone.White(j, -7))
	edge := w.ragged.Fractal(11*u, 11*v, 2)
	in := inset((fu-0.5)*w.length, (fv-0.5)*w.course, w.length/2-w.joint, w.course/2-w.joint, 0.014) + 0.006*edge

	grain := w.rough.Fractal(19*u, 19*v, 2)
	mottle := w.tone.Fractal(6*u+float32(5*i), 6*v+float32(11*j), 2)
	shade := 1 + w.shades*(2*w.tone.White(i, j)-1) + 0.2*mottle + 0.15*grain
	burnt := smoothstep(0.62, 1, w.ragged.White(i, j)) * 0.6
	face := matter{
		albedo: w.clay.Mix(w.burnt, burnt+0.25*max(0, mottle)).Scale(shade),
		height: (w.depth+0.005*w.ragged.White(j, i))*smoothstep(-0.006, 0.014, in) + 0.004*grain + 0.004*mottle,
		gloss:  0.1,
	}
	joint := matter{albedo: w.mortar.Scale(1 + 0.16*grain + 0.12*edge), height: face.height + 0.0015*edge}
	return joint.mix(face, smoothstep(-1.5*w.pixel, 1.5*w.pixel, in))
}

// concrete is a cast face: cloudy, with pores where air was and with grains of
// the gravel showing.
func concrete() Subject {
	return material("concrete", func(r *rand.Rand, pixel float32) (func(x, y float32) matter, string) {
		c := cast{
			frame: newFrame(r, quarter(r), 0.2), pixel: pixel, paste: pickTint(r, 0x9d9b96, 0xaaa7a0, 0x8b8b89, 0xb3ada2),
			clouds: between(r, 0.3, 0.6), scale: between(r, 1.8, 3.2), strokes: between(r, 0, 0.12),
			stones: between(r, 9, 14), pores: 10 + r.Uint32N(36), cloud: NewNoise(r), fine: NewNoise(r), stone: NewNoise(r),
		}
		return c.at, ""
	})
}

type cast struct {
	frame
	pixel         float32
	paste         RGB
	clouds, scale float32 // how dark the clouds are, and how many lie along a side
	strokes       float32 // how much the trowel shows
	stones        float32 // places for a pore or a stone along a side
	pores         uint32  // how many of 256 of these hold a pore

	cloud, fine, stone Noise
}

func (c cast) at(x, y float32) matter {
	u, v := c.frame.at(x, y)
	cloud := c.cloud.Fractal(c.scale*u, c.scale*v, 4)
	fine := c.fine.Fractal(17*u, 17*v, 2)
	stroke := c.fine.At(2*u, 14*v+2*cloud)
	shade := 1 + c.clouds*cloud + 0.14*fine + c.strokes*stroke
	m := matter{albedo: c.paste.Scale(shade), height: 0.008*cloud + 0.0022*fine + 0.003*c.strokes*stroke, gloss: 0.12}

	near, _, id := c.stone.Cell(c.stones*u, c.stones*v)
	near = near/c.stones + 0.004*fine
	size := float32(id>>8&255) / 255
	switch kind := id & 255; {
	case kind < c.pores:
		radius := 0.006 + 0.008*size*size
		in := smoothstep(radius+c.pixel, radius-c.pixel, near)
		m.albedo = m.albedo.Scale(1 - 0.6*in)
		m.height -= 0.4 * radius * smoothstep(radius, 0, near)
	case kind < 120: // a stone, pale or dark, under a skin of paste
		tone := 0.42 * (float32(id>>16&255)/255 - 0.6)
		radius := 0.007 + 0.016*size*size
		m.albedo = m.albedo.Scale(1 + tone*smoothstep(radius+0.005, radius-0.005, near))
	}
	return m
}
