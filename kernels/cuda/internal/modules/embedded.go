//go:build gpu

package modules

import (
	"embed"
	"io/fs"
)

//go:embed data
var data embed.FS

// Embedded returns the folder of compiled files in this program.
func Embedded() fs.FS {
	folder, err := fs.Sub(data, "data")
	if err != nil {
		panic(err) // only a malformed path does that
	}
	return folder
}
