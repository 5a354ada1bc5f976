package images

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
)

const (
	maxScans    = 100            // of a JPEG file: a progressive one has about ten, a baseline one at most four
	maxScanned  = 16 * MaxPixels // pixels of all its scans together
	maxSegments = 10_000         // of a JPEG file
	maxNotes    = 1 << 20        // bytes of Exif or XMP data that are looked at
	maxJunk     = 1 << 16        // bytes that belong to nothing
	maxCoded    = 16             // bytes of all scans together, for a pixel: noise takes about 4

	jpegAdvice = "save it as PNG or as baseline JPEG"
)

// jpegFile is what the segments of a JPEG file say (ITU-T T.81, annex B), before anything is decoded.
type jpegFile struct {
	frame     byte   // the marker of the frame header: which kind of JPEG this is; 0 where there is none
	precision byte   // bits of a sample
	channels  byte   // components
	w, h      int    // of the picture
	adobe     bool   // Adobe's segment, without which CMYK may be the one or its inverse
	scans     int    // how often pixels are gone through
	segments  int    // all of them
	coded     int64  // bytes between segments: the pixels of the scans
	complete  bool   // it has an end
	exif, xmp []byte // notes of the camera and of programs
	profile   profileParts
}

// The markers that matter here (ITU-T T.81, table B.1).
const (
	markerSOF0, markerSOF2, markerSOF15 = 0xc0, 0xc2, 0xcf // kinds of frames, with three other markers among them
	markerDHT, markerJPG, markerDAC     = 0xc4, 0xc8, 0xcc // these
	markerRST0, markerRST7              = 0xd0, 0xd7
	markerEOI, markerSOS                = 0xd9, 0xda
	markerAPP1, markerAPP2, markerAPP14 = 0xe1, 0xe2, 0xee
)

// surveyJPEG goes through a JPEG file to its end, or to where it makes no sense: what is wrong there, decoding says.
func surveyJPEG(r io.Reader) (f jpegFile) {
	in := bufio.NewReaderSize(r, 1<<16)
	if _, err := in.Discard(2); err != nil { // the start of the image
		return f
	}
	for f.segments <= maxSegments && f.scans <= maxScans {
		marker, err := f.nextMarker(in)
		if f.complete = err == nil && marker == markerEOI; f.complete {
			break
		}
		if err != nil || f.addSegment(in, marker) != nil {
			break
		}
	}
	return f
}

// nextMarker passes over pixels and returns the marker behind them.
func (f *jpegFile) nextMarker(in *bufio.Reader) (byte, error) {
	for {
		passed, err := in.ReadSlice(0xff)
		f.coded += int64(len(passed))
		switch {
		case f.frame == 0 && f.coded > maxJunk:
			return 0, errors.New("there is no frame header")
		case err == bufio.ErrBufferFull:
			continue
		case err != nil:
			return 0, err
		}
		marker := byte(0xff)
		for marker == 0xff { // any number of fill bytes
			var err error
			if marker, err = in.ReadByte(); err != nil {
				return 0, err
			}
		}
		if marker != 0 && (marker < markerRST0 || marker > markerRST7) { // those stand among the pixels
			return marker, nil
		}
	}
}

// addSegment reads what belongs to a marker: at most 64 KiB.
func (f *jpegFile) addSegment(in *bufio.Reader, marker byte) error {
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return err
	}
	size := int(binary.BigEndian.Uint16(head[:])) - len(head)
	if size < 0 {
		return errors.New("a segment ends before it begins")
	}
	f.segments++
	isFrame := marker >= markerSOF0 && marker <= markerSOF15 && marker != markerDHT && marker != markerJPG && marker != markerDAC
	if !isFrame && marker != markerAPP1 && marker != markerAPP2 && marker != markerAPP14 {
		if marker == markerSOS {
			f.scans++
		}
		_, err := in.Discard(size)
		return err
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(in, data); err != nil {
		return err
	}
	switch {
	case marker == markerAPP1:
		f.addNote(data)
	case marker == markerAPP2:
		f.profile.add(data)
	case marker == markerAPP14:
		f.adobe = f.adobe || bytes.HasPrefix(data, []byte("Adobe"))
	case f.frame == 0 && len(data) >= 6:
		f.frame, f.precision, f.channels = marker, data[0], data[5]
		f.h, f.w = int(binary.BigEndian.Uint16(data[1:])), int(binary.BigEndian.Uint16(data[3:]))
	}
	return nil
}

// addNote keeps Exif and XMP data. Exif data of more than a segment go on in the next; of XMP the last counts.
func (f *jpegFile) addNote(data []byte) {
	if exif, ok := bytes.CutPrefix(data, []byte(exifName)); ok {
		begins := tiffOrder(bytes.TrimPrefix(exif, []byte(exifName))) != nil // some programs write the name twice
		if len(f.exif)+len(exif) <= maxNotes && (len(f.exif) > 0 || begins) {
			f.exif = append(f.exif, exif...)
		}
	} else if xmp, ok := bytes.CutPrefix(data, []byte("http://ns.adobe.com/xap/1.0/\x00")); ok {
		f.xmp = xmp
	}
}

// profileParts are the parts of a colour profile, in their order, each of a segment (ICC.1:2022, annex B.4).
type profileParts struct {
	parts [256][]byte // by their numbers, from 1 on
	count byte        // how many there should be
	size  int         // of those that are there, in bytes
}

// add keeps a part, of which the first of a number counts.
func (p *profileParts) add(segment []byte) {
	data, ok := bytes.CutPrefix(segment, []byte("ICC_PROFILE\x00"))
	if !ok || len(data) < 2 || p.parts[data[0]] != nil {
		return
	}
	p.count = max(p.count, data[1])
	if p.size += len(data) - 2; p.size <= MaxProfile {
		p.parts[data[0]] = data[2:]
	}
}

// whole puts the parts together.
func (p *profileParts) whole() noted {
	if p.size > MaxProfile {
		return noted{err: errProfileSize}
	}
	var all []byte
	for i := range int(p.count) {
		part := p.parts[i+1]
		if part == nil {
			return noted{err: fmt.Errorf("its part %d of %d is missing", i+1, p.count)}
		}
		all = append(all, part...)
	}
	return noted{data: all}
}

// check tells what speaks against decoding a file of so many bytes.
func (f *jpegFile) check(bytes int64) error {
	switch {
	case f.segments > maxSegments:
		return fmt.Errorf("the jpeg file has more than %d segments", maxSegments)
	case f.frame == 0:
		return errors.New("the jpeg file is damaged: it has no frame header, which tells the picture's size")
	}
	if err := CheckSize(f.w, f.h); err != nil {
		return err
	}
	pixels := int64(f.w) * int64(f.h)
	switch {
	case f.scans > maxScans:
		return fmt.Errorf("the jpeg file has more than %d scans, each of which goes through the whole picture; %s", maxScans, jpegAdvice)
	case int64(f.scans)*pixels > maxScanned:
		return fmt.Errorf("the jpeg file has %d scans of %d×%d, in all %d pixels, want at most %d; %s",
			f.scans, f.w, f.h, int64(f.scans)*pixels, int64(maxScanned), jpegAdvice)
	case pixels > 64*8*bytes: // every block of 8×8 pixels takes a bit at least
		return fmt.Errorf("the jpeg file is damaged: its %d bytes cannot hold a picture of %d×%d", bytes, f.w, f.h)
	case f.coded > maxCoded*pixels+maxJunk:
		return fmt.Errorf("the jpeg file is damaged: it has %d bytes of pixels, want at most %d for a picture of %d×%d", f.coded, maxCoded*pixels+maxJunk, f.w, f.h)
	case !f.complete:
		return errors.New("the jpeg file is damaged: it is cut off, and has no end")
	}
	return nil
}

// unsupported names what image/jpeg does not decode.
func (f *jpegFile) unsupported() string {
	switch {
	case f.frame == 0:
		return ""
	case f.frame == 0xc3 || f.frame == 0xc7 || f.frame == 0xcb || f.frame == 0xcf:
		return "lossless coding"
	case f.frame >= 0xc9:
		return "arithmetic coding"
	case f.frame > markerSOF2:
		return "hierarchical coding"
	case f.precision != 8:
		return fmt.Sprintf("%d bits a sample", f.precision)
	case f.channels != 1 && f.channels != 3 && f.channels != 4:
		return fmt.Sprintf("%d channels", f.channels)
	case f.channels == 4 && !f.adobe:
		return "CMYK without Adobe's segment, which says what the numbers mean"
	}
	return ""
}

// unsupportedJPEG is the error about a JPEG file that is in order, but of a kind that is not read.
func unsupportedJPEG(err jpeg.UnsupportedError) error {
	return &unsupportedKind{"jpeg", string(err), jpegAdvice, err}
}

// decodeJPEG reads a picture.
func decodeJPEG(file *io.SectionReader) (*stored, error) {
	survey := surveyJPEG(from(file))
	if kind := survey.unsupported(); kind != "" {
		return nil, unsupportedJPEG(jpeg.UnsupportedError(kind))
	}
	if err := survey.check(file.Size()); err != nil {
		return nil, err
	}
	_, err := jpeg.DecodeConfig(from(file)) // of the headers: what is wrong with the pixels is damage
	if kind := jpeg.UnsupportedError(""); errors.As(err, &kind) {
		return nil, unsupportedJPEG(kind)
	} else if err != nil {
		return nil, fmt.Errorf("the jpeg file is damaged: %w", err)
	}
	picture, err := jpeg.Decode(from(file))
	if err != nil {
		return nil, fmt.Errorf("the jpeg file is damaged: %w", err)
	}
	switch p := picture.(type) {
	case *image.YCbCr:
		picture = fromYCbCr(p, jfif)
	case *image.CMYK:
		picture = fromCMYK(p)
	}
	profile := survey.profile.whole()
	profile.grey = survey.channels == 1
	return &stored{picture, picture.Bounds(), orientationOf(survey.exif, survey.xmp), profile}, nil
}

// fromCMYK converts as Pillow does: each colour is what black leaves of it, rounded.
func fromCMYK(p *image.CMYK) *image.RGBA {
	size := p.Bounds().Size()
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			ink, to := p.Pix[y*p.Stride+4*x:][:4], out.Pix[y*out.Stride+4*x:][:4]
			light := 255 - int(ink[3])
			for c := range 3 {
				v := int(ink[c])*light + 128
				to[c] = uint8(light - (v>>8+v)>>8)
			}
			to[3] = 255
		}
	}
	return out
}
