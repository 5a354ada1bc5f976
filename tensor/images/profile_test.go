package images

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"strings"
	"testing"
)

// profileOf is a profile of a display with one tag.
func profileOf(space, tag string, data []byte) []byte {
	p := make([]byte, profileHead)
	copy(p[12:], "mntr")
	copy(p[16:], space)
	copy(p[20:], "XYZ ")
	copy(p[36:], "acsp")
	p = append(binary.BigEndian.AppendUint32(p, 1), tag...)
	p = binary.BigEndian.AppendUint32(p, profileHead+4+profileTag)
	p = append(binary.BigEndian.AppendUint32(p, uint32(len(data))), data...)
	binary.BigEndian.PutUint32(p, uint32(len(p)))
	return p
}

// named is a profile with a name as version 2 has it.
func named(space, name string) []byte {
	data := binary.BigEndian.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(name)+1))
	return profileOf(space, "desc", append(append(data, name...), 0))
}

// withTIFFProfile is a grey TIFF file that has a profile of so many bytes, of which some are there.
func withTIFFProfile(profile []byte, size int) []byte {
	file := tiffOf(tags{tagProfile: 0}, sixteen...)
	at := bytes.Index(file, binary.LittleEndian.AppendUint16(nil, tagProfile))
	binary.LittleEndian.PutUint32(file[at+4:], uint32(size))
	binary.LittleEndian.PutUint32(file[at+8:], uint32(len(file)))
	return append(file, profile...)
}

// profileSegment is a part of a profile in a JPEG file.
func profileSegment(number, count byte, data []byte) []byte {
	s := segment("ICC_PROFILE\x00" + string([]byte{number, count}) + string(data))
	s[1] = markerAPP2
	return s
}

// TestReadProfile finds the profile of each kind of file, and drops what is not one.
func TestReadProfile(t *testing.T) {
	rgb, grey := named(spaceRGB, "Camera RGB"), named(spaceGrey, "Dot Gain")
	colours, shades := filled(4, 4, color.RGBA{200, 100, 50, 255}), image.NewGray(image.Rect(0, 0, 4, 4))
	inPNG := func(p image.Image, profile []byte) []byte {
		return pngWith(t, p, chunk("iCCP", "name\x00\x00"+deflated(string(profile))), nil)
	}
	var webp []byte
	all, files := formats(t)
	for i, f := range all {
		if f.Name == "WEBP lossless" {
			webp = riff(riffChunk("ICCP", string(rgb)), canvas(0, 13, 9), string(files[i][12:]))
		}
	}
	long := append(bytes.Clone(rgb), make([]byte, MaxProfile)...)
	for name, c := range map[string]struct {
		file    []byte
		name    string
		grey    bool
		dropped string
	}{
		"png":                      {inPNG(colours, rgb), "Camera RGB", false, ""},
		"png, grey":                {inPNG(shades, grey), "Dot Gain", true, ""},
		"png, none":                {pngWith(t, colours, nil, nil), "", false, ""},
		"png, grey of colours":     {inPNG(shades, rgb), "", true, `"RGB "`},
		"png, CMYK":                {inPNG(colours, named("CMYK", "Press")), "", false, `"CMYK"`},
		"png, long":                {inPNG(colours, long), "", false, "it has more than 4194304 bytes"},
		"png, not packed":          {pngWith(t, colours, chunk("iCCP", "name\x00\x00no"), nil), "", false, "invalid header"},
		"png, no end of the name":  {pngWith(t, colours, chunk("iCCP", "name"), nil), "", false, "ends before"},
		"jpeg":                     {jpegWith(t, colours, profileSegment(1, 1, rgb)), "Camera RGB", false, ""},
		"jpeg, in parts":           {jpegWith(t, colours, profileSegment(2, 2, rgb[50:]), profileSegment(1, 2, rgb[:50])), "Camera RGB", false, ""},
		"jpeg, a part is missing":  {jpegWith(t, colours, profileSegment(1, 2, rgb)), "", false, "part 2 of 2 is missing"},
		"jpeg, grey":               {jpegWith(t, shades, profileSegment(1, 1, grey)), "Dot Gain", true, ""},
		"tiff":                     {withTIFFProfile(grey, len(grey)), "Dot Gain", true, ""},
		"tiff, cut off":            {withTIFFProfile(grey, len(grey)+1), "", true, "cut off"},
		"webp":                     {webp, "Camera RGB", false, ""},
		"nothing about colours":    {jpegWith(t, colours, profileSegment(1, 1, []byte("nonsense"))), "", false, "8 bytes, too few"},
		"a segment of another use": {jpegWith(t, colours, profileSegment(1, 1, nil)[:2], []byte("\x00\x06MPF\x00")), "", false, ""},
	} {
		p, err := readPhotograph(section(c.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if (p.Profile != nil) != (c.name != "") || c.name != "" && p.Profile.Name() != c.name {
			t.Errorf("%s: profile %q, want %q", name, p.Profile.Name(), c.name)
		}
		if (p.Dropped != nil) != (c.dropped != "") || p.Dropped != nil && !strings.Contains(p.Dropped.Error(), c.dropped) {
			t.Errorf("%s: dropped because %v, want %q", name, p.Dropped, c.dropped)
		}
		if name != "webp" && p.Grey != c.grey {
			t.Errorf("%s: grey is %v", name, p.Grey)
		}
	}
}

func TestParseProfile(t *testing.T) {
	good := named(spaceRGB, "Camera RGB")
	with := func(at int, text string) []byte {
		p := bytes.Clone(good)
		copy(p[at:], text)
		return p
	}
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"good":         {good, ""},
		"padded":       {append(bytes.Clone(good), 0, 0, 0), ""},
		"more behind":  {append(bytes.Clone(good), 0, 0, 0, 0), "bytes and says"},
		"cut off":      {good[:len(good)-1], "bytes and says"},
		"nothing":      {nil, "0 bytes, too few"},
		"no signature": {with(36, "ASCP"), "signature"},
		"a link":       {with(12, "link"), `class "link"`},
		"no class":     {with(12, "r mn"), `class "r mn"`},
		"Lab":          {with(16, "Lab "), `"Lab "`},
		"many tags":    {with(profileHead, "\xff\xff\xff\xff"), "for the 4294967295 tags"},
		"tag outside":  {with(profileHead+8, "\xff\xff\xff\xff"), `its tag "desc" lies`},
	} {
		p, err := ParseProfile(c.data)
		if c.says == "" && (err != nil || !bytes.Equal(p, good)) {
			t.Errorf("%s: error %v, or other data", name, err)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || p != nil) {
			t.Errorf("%s: error %v, want %q", name, err, c.says)
		}
	}
}

func TestProfileName(t *testing.T) {
	languages := []byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS\x00\x00\x00\x04\x00\x00\x00\x1c\x00P\x00\xe9")
	for want, data := range map[string][]byte{
		"Adobe RGB (1998)":      named(spaceRGB, "Adobe RGB (1998)"),
		"[31mred":               named(spaceRGB, "\x1b[31mred\r\n"), // nothing that a terminal obeys
		strings.Repeat("x", 60): named(spaceRGB, strings.Repeat("x", 1000)),
		"Pé":                    profileOf(spaceRGB, "desc", languages),
		"unnamed":               profileOf(spaceRGB, "none", nil),
	} {
		if got := Profile(data).Name(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	c := Colours{Grey: true, Profile: named(spaceGrey, "Dot Gain"), Dropped: errProfileSize}
	if want := `grey, colour profile "Dot Gain", without its colour profile: it has more than 4194304 bytes`; c.String() != want {
		t.Errorf("colours %q, want %q", c, want)
	}
	if got := (Colours{}).String(); got != "" {
		t.Errorf("nothing special is %q", got)
	}
	if got := Profile(nil).Name(); got != "unnamed" || Profile(nil).Grey() {
		t.Errorf("no profile is called %q", got)
	}
}

// TestColoursEncodePNG writes a profile with pictures of its own colours, reads it back, and decodes to the same pixels.
func TestColoursEncodePNG(t *testing.T) {
	colours, shades := filled(4, 4, color.RGBA{200, 100, 50, 255}), filled(4, 4, color.RGBA{90, 90, 90, 255})
	rgb, grey := Profile(named(spaceRGB, "RGB")), Profile(named(spaceGrey, "grey"))
	for name, c := range map[string]struct {
		of       Colours
		picture  *image.RGBA
		profile  Profile
		channels byte // of the PNG file: its colour type
	}{
		"colours":                  {Colours{}, colours, nil, 2},
		"a profile":                {Colours{Profile: rgb}, colours, rgb, 2},
		"grey":                     {Colours{Grey: true}, shades, nil, 0},
		"grey, a profile":          {Colours{Grey: true, Profile: grey}, shades, grey, 0},
		"grey, a profile of RGB":   {Colours{Grey: true, Profile: rgb}, shades, rgb, 2},
		"colours, a grey profile":  {Colours{Grey: true, Profile: grey}, colours, nil, 2},
		"grey by chance":           {Colours{Profile: rgb}, shades, rgb, 2},
		"grey by chance, no space": {Colours{}, shades, nil, 2},
	} {
		file, err := c.of.EncodePNG(c.picture, []Text{{"k", "a text"}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p, err := readPhotograph(section(file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !bytes.Equal(p.Profile, c.profile) || p.Dropped != nil || !bytes.Equal(p.Picture.Pix, c.picture.Pix) {
			t.Errorf("%s: profile %q, dropped %v, or other pixels came back", name, p.Profile.Name(), p.Dropped)
		}
		if got := file[len(pngSignature)+8+9]; got != c.channels {
			t.Errorf("%s: colour type %d, want %d", name, got, c.channels)
		}
		if texts, err := readTexts(section(file)); err != nil || len(texts) != 1 {
			t.Errorf("%s: the texts are %v, error %v", name, texts, err)
		}
	}
	if _, err := (Colours{Profile: Profile("none")}).EncodePNG(colours, nil); err == nil || !strings.Contains(err.Error(), "profile") {
		t.Errorf("what is no profile: error %v", err)
	}
}

func TestGrey(t *testing.T) {
	colours := filled(3, 2, color.RGBA{255, 0, 0, 255})
	grey := Desaturate(colours)
	if IsGrey(colours) || !IsGrey(grey) || grey.Pix[0] != 76 || !grey.Opaque() {
		t.Errorf("red became %v, want 76", grey.Pix[:4])
	}
	if again := Desaturate(grey); !bytes.Equal(again.Pix, grey.Pix) {
		t.Error("what was grey has changed")
	}
	if got := Desaturate(Cut(filled(3, 2, color.RGBA{9, 9, 9, 255}), image.Rect(1, 1, 3, 2))); got.Rect != image.Rect(0, 0, 2, 1) || got.Pix[4] != 9 {
		t.Errorf("of a part: %v", got)
	}
	if last := filled(3, 2, color.RGBA{7, 7, 7, 255}); !IsGrey(last) {
		t.Error("one shade has colours")
	} else if last.Pix[len(last.Pix)-2] = 8; IsGrey(last) {
		t.Error("the last pixel's blue was not looked at")
	}
}

// FuzzParseProfile: what is taken for a profile goes through a PNG file unchanged, and its name is printable.
func FuzzParseProfile(f *testing.F) {
	f.Add(named(spaceRGB, "Camera RGB"))
	f.Add(named(spaceGrey, ""))
	f.Add(profileOf(spaceRGB, "desc", []byte("mluc\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0cenUS\x00\x00\x00\x04\x00\x00\x00\x1c\x00P\x00\xe9")))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParseProfile(data)
		if err != nil {
			return
		}
		if name := p.Name(); name == "" || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
			t.Errorf("name %q", name)
		}
		c, picture := Colours{Grey: p.Grey(), Profile: p}, filled(1, 1, color.RGBA{1, 2, 3, 255})
		if p.Grey() {
			picture = Desaturate(picture)
		}
		file, err := c.EncodePNG(picture, nil)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := readPhotograph(section(file)); err != nil || !bytes.Equal(again.Profile, p) {
			t.Errorf("another profile came back, error %v, dropped %v", err, again.Dropped)
		}
	})
}
