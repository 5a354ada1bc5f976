// Package textures is three small pictures of brick, grass and gravel, embedded in the program that imports it, so that
// textures can be pasted into pictures without a folder of one's own:
//
//	t, err := generate.ReadTextures(ctx, textures.FS())
//
// They are in the public domain (CC0 1.0); README.md says where they come from. A folder of many, such as the Describable
// Textures Dataset, gives defects of more kinds. Libraries leave it to programs which textures they carry.
package textures

import (
	"embed"
	"io/fs"
)

//go:embed *.png
var files embed.FS

// FS is the folder of the textures: PNG files of 256×256 grey pixels.
func FS() fs.FS { return files }
