package world

import (
	"math"
	"math/rand/v2"
)

// wood is planks side by side, each cut from its own place of a trunk.
func wood() Subject {
	species := [][2]uint32{ // early wood and late wood
		{0xc99f68, 0x8f6236}, {0xdcb57c, 0xb17d43}, {0x86593b, 0x4c2f1f}, {0xb5714a, 0x7c4329}, {0xb39a78, 0x7d6548},
	}
	return material("wood", func(r *rand.Rand, pixel float32) (func(x, y float32) matter, string) {
		kind := species[r.IntN(len(species))]
		light := between(r, 0.88, 1.12)
		f := floorboards{
			frame: newFrame(r, quarter(r), 0.08), pixel: pixel, width: 1 / between(r, 1.7, 3.6), length: between(r, 1.3, 2.2),
			joint: between(r, 0.003, 0.006), early: Hex(kind[0]).Scale(light), late: Hex(kind[1]).Scale(light),
			shades: between(r, 0.06, 0.2), rings: between(r, 15, 24), knots: between(r, 0.2, 0.6), gloss: between(r, 0.2, 0.5),
			plank: NewNoise(r), bend: NewNoise(r), pores: NewNoise(r),
		}
		return f.at, ""
	})
}

type floorboards struct {
	frame
	pixel         float32
	width, length float32 // of a plank
	joint         float32 // half the width of a joint
	early, late   RGB
	shades        float32 // how much planks differ
	rings         float32 // growth rings to a side
	knots         float32 // the share of planks that have a knot
	gloss         float32

	plank, bend, pores Noise
}

func (f floorboards) at(x, y float32) matter {
	u, v := f.frame.at(x, y)
	j, fv := split(v / f.width)
	i, fu := split(u/f.length + f.plank.White(j, -1))
	du, dv := (fu-0.5)*f.length, (fv-0.5)*f.width

	ring, knot := f.grain(i, j, du, dv)
	_, phase := split(ring)
	// Wood grows pale in spring, darkens slowly, and stops at once in autumn.
	late := phase * phase * smoothstep(1, 0.82, phase) * 1.3
	pores := f.pores.At(7*u, 48*v)
	cloud := f.bend.At(1.5*u+float32(3*j), 5*v)
	albedo := f.early.Mix(f.late, 0.12+0.75*late+0.12*pores).Mix(f.late.Scale(0.45), 0.8*knot)
	shade := 1 + f.shades*(2*f.plank.White(i, j)-1) + 0.1*cloud
	in := inset(du, dv, f.length/2-f.joint, f.width/2-f.joint, 0.006)
	face := matter{
		albedo: albedo.Scale(shade),
		height: 0.008*smoothstep(-0.004, 0.009, in) - 0.0012*late + 0.0006*pores + 0.02*(f.bend.White(i, j)-0.5)*dv,
		gloss:  f.gloss * (1 - 0.3*late),
	}
	gap := matter{albedo: f.late.Scale(0.18), height: face.height}
	return gap.mix(face, smoothstep(-f.pixel, f.pixel, in))
}

// grain counts the growth rings from the heart of the trunk to a place of a
// plank, and tells how much that is within a knot. A plank is a slice beside the
// heart, which is not straight: so rings come out as long arches.
func (f floorboards) grain(i, j int, du, dv float32) (ring, knot float32) {
	random := func(k int) float32 { return f.plank.White(16*i+k, j) }
	along := du + 40*random(0)
	heart := (random(1) - 0.5) * 0.9 * f.width
	off := dv - heart + 0.05*f.bend.At(1.3*along, float32(7*j))
	sag := f.bend.At(0.8*along+31, float32(5*j))
	depth := 0.02 + 0.25*sqrt(sag*sag+0.015) + 0.02*f.bend.At(2*along, 9*dv)
	ring = f.rings * sqrt(off*off+depth*depth)
	if random(2) > f.knots {
		return ring, 0
	}
	// A branch pushes the rings aside and has rings of its own.
	ku, kv := du-0.7*(random(3)-0.5)*f.length, dv-0.5*(random(4)-0.5)*f.width
	radius := 0.022 + 0.02*random(5)
	near := sqrt(0.45*ku*ku+kv*kv) / radius
	if near > 5 {
		return ring, 0
	}
	ring += 3.2 * pow(math.E, -0.3*near*near)
	knot = smoothstep(1.15, 0.75, near)
	return lerp(ring, 3*near*radius*f.rings, knot), knot * (0.55 + 0.45*smoothstep(0.5, 1, near))
}

// leather is hide with pebbled grain, sometimes with a seam.
func leather() Subject {
	dyes := []dye{
		{"brown", 0x7a4a2b}, {"brown", 0x95613a}, {"brown", 0x573524}, {"black", 0x2a2827}, {"red", 0x8e2a24}, {"beige", 0xc2a47c},
	}
	return material("leather", func(r *rand.Rand, pixel float32) (func(x, y float32) matter, string) {
		skin, colour := pick(r, dyes)
		h := hide{
			frame: newFrame(r, between(r, 0, 2*math.Pi), 0), pixel: pixel, skin: skin, pebbles: between(r, 15, 23), long: between(r, 1, 1.35),
			relief: between(r, 0.005, 0.008), gloss: between(r, 0.36, 0.54), folds: between(r, 0.012, 0.03),
			seamed: r.IntN(6) == 0, thread: Hex(0xe0cda8).Mix(skin, 0.3),
			grain: NewNoise(r), fold: NewNoise(r),
		}
		if skin.G > 0.25 { // thread stands out from the hide
			h.thread = Hex(0x5a3f2a)
		}
		h.seam = h.v + between(r, -0.3, 0.3)
		return h.at, colour
	})
}

type hide struct {
	frame
	pixel         float32
	skin, thread  RGB
	pebbles, long float32 // pebbles to a side, and how much longer they are than wide
	relief, folds float32 // the height of pebbles and of the hide's folds
	gloss         float32
	seamed        bool
	seam          float32 // where the seam runs

	grain, fold Noise
}

func (h hide) at(x, y float32) matter {
	u, v := h.frame.at(x, y)
	fold := h.fold.Fractal(1.8*u, 1.8*v, 2)
	pu, pv := h.pebbles*u/h.long, h.pebbles*v
	wu, wv := h.fold.At(0.4*pu+5, 0.4*pv), h.fold.At(0.4*pu, 0.4*pv+9)
	near, next, id := h.pebble(pu+0.35*wu, pv+0.35*wv)
	crease := 1 - smoothstep(0, 0.45, next-near)
	dome := 1 - 0.9*near*near - 0.5*crease*crease
	tone := 1 + 0.2*fold + 0.1*(float32(id>>8&255)/255-0.5) - 0.4*crease*crease
	m := matter{
		albedo: h.skin.Scale(tone),
		height: h.relief*dome + h.folds*fold,
		gloss:  h.gloss * (1 - 0.3*crease),
	}
	if h.seamed {
		return h.sew(m, u, v-h.seam)
	}
	return m
}

// pebble is Noise.Cell with points that keep apart, in staggered rows: pebbles of
// grain are alike in size.
func (h hide) pebble(x, y float32) (first, second float32, id uint32) {
	const jitter = 0.66
	fy := floor(y)
	first, second = 9, 9
	for row := fy - 1; row <= fy+1; row++ {
		stagger := 0.5 * float32(int32(row)&1)
		fx := floor(x - stagger)
		for column := fx - 1; column <= fx+1; column++ {
			k := hash(h.grain.seed, int32(column), int32(row))
			px := column + stagger + 0.5 + jitter*(float32(k&0xffff)/0x10000-0.5)
			py := row + 0.5 + jitter*(float32(k>>16)/0x10000-0.5)
			d := (px-x)*(px-x) + (py-y)*(py-y)
			if d < first {
				first, second, id = d, first, k
			} else if d < second {
				second = d
			}
		}
	}
	return sqrt(first), sqrt(second), id
}

// sew pulls the hide in along a seam, with a stitch every so often.
func (h hide) sew(m matter, u, v float32) matter {
	const pitch, width = 0.085, 0.011
	m.height -= 0.008 * smoothstep(0.035, 0, abs(v))
	_, fu := split(u / pitch)
	in := inset((fu-0.5)*pitch, v+0.1*(fu-0.5)*pitch, 0.36*pitch, width, width)
	twist := 0.12 * smoothstep(-1, 1, h.fold.At(40*(u+v), 1))
	stitch := matter{albedo: h.thread.Scale(0.9 + twist), height: m.height + 0.008*smoothstep(0, width, in), gloss: 0.15}
	return m.mix(stitch, smoothstep(-h.pixel, h.pixel, in))
}
