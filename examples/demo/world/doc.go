// Package world draws inspection subjects and their defects: pictures of parts
// and materials as a camera over a conveyor would see them, each defect with its
// exact mask. The demo model is trained on these drawings, and measured on
// others: here the truth about every defect is known.
//
// A drawing is made in three stages. A subject fills a Surface with colour,
// height and gloss; a defect changes the surface, and what it touched is the
// mask; then light falls on it (Shade). So a crack is dark because it is deep, a
// dent shows by its shading alone, and a mask cannot disagree with its picture.
// The same seed gives the same drawing, with and without the defect.
//
//	world.go            what there is to draw: subjects, defects, the pairs that training never sees
//	draw.go             one drawing: a subject, perhaps a defect, light; caption
//	surface.go, shade.go, noise.go   the surface, the light on it, and smooth random fields
//	objects*.go, textures*.go   the subjects
//	defects*.go               the defects
package world
