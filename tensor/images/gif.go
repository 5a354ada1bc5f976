package images

import (
	"bufio"
	"fmt"
	"image"
	"image/gif"
	"io"
)

// maxLZW is how many bytes LZW makes of one at most, with codes of 12 bits: the longest string of a full table in a
// byte and a half.
const maxLZW = 2730

// decodeGIF reads the first frame, on the screen that the file says; what the frame does not cover is transparent,
// whatever colour of background the file names, as in browsers. What would become of the frame when the next one is
// shown does not matter.
func decodeGIF(file *io.SectionReader) (*stored, error) {
	config, err := gif.DecodeConfig(from(file))
	if err != nil {
		return nil, fmt.Errorf("the gif file is damaged: %w", err)
	}
	if err := CheckSize(config.Width, config.Height); err != nil {
		return nil, err
	}
	if pixels := int64(config.Width) * int64(config.Height); pixels > maxLZW*file.Size() {
		return nil, fmt.Errorf("the gif file is damaged: its %d bytes cannot hold a picture of %d×%d", file.Size(), config.Width, config.Height)
	}
	frame, err := gif.Decode(bufio.NewReader(from(file)))
	if err != nil {
		return nil, fmt.Errorf("the gif file is damaged: %w", err)
	}
	return &stored{frame, image.Rect(0, 0, config.Width, config.Height), upright, noted{}}, nil
}
