"""Writes cmyk.jpg, a CMYK picture, lanczos.json, what Pillow's LANCZOS makes of a random picture, pixels.json, JPEG files
and the pixels that Pillow, with libjpeg-turbo, reads from them, and formats.json, the same of other formats.

    pip install numpy pillow simplejpeg
    python make_testdata.py
"""

import base64
import io
import json
import pathlib

import numpy as np
import simplejpeg
from PIL import ExifTags, Image, ImageOps

here = pathlib.Path(__file__).parent

left, right = Image.new("CMYK", (8, 16), (0, 200, 200, 20)), Image.new("CMYK", (8, 16), (200, 0, 0, 0))
both = Image.new("CMYK", (16, 16))
both.paste(left, (0, 0))
both.paste(right, (8, 0))
both.save(here / "cmyk.jpg", quality=95)

# Shades from which no overshoot leaves 0..255: Pillow cuts off after the horizontal pass already.
source = np.random.default_rng(1).integers(90, 166, (12, 18, 3), dtype=np.uint8)
cases = [
    {"w": w, "h": h, "pixels": np.asarray(Image.fromarray(source).resize((w, h), Image.LANCZOS)).ravel().tolist()}
    for w, h in ((9, 6), (15, 10), (27, 18))
]
text = json.dumps({"w": 18, "h": 12, "pixels": source.ravel().tolist(), "resized": cases})
(here / "lanczos.json").write_text(text + "\n")


def colours(w, h):
    """Patches of strong colours, soft and noisy: chroma that changes within its blocks."""
    rng = np.random.default_rng(w * h)
    patches = Image.fromarray(rng.integers(40, 216, (h // 4 + 2, w // 4 + 2, 3), dtype=np.uint8))
    soft = np.asarray(patches.resize((w, h), Image.BICUBIC)).astype(int)
    return np.clip(soft + rng.integers(-4, 5, (h, w, 3)), 0, 255).astype(np.uint8)


def example(name, file):
    return {"name": name, "jpeg": base64.b64encode(file).decode(), "rgb": Image.open(io.BytesIO(file)).convert("RGB").tobytes().hex()}


def saved(picture, **options):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=90, **options)
    return file.getvalue()


# Planes of up to two columns are a case of their own in libjpeg; odd sizes end within a sample.
pixels = [
    example(f"{s} {w}x{h}", simplejpeg.encode_jpeg(colours(w, h), quality=90, colorsubsampling=s))
    for s, sizes in {
        "444": [(13, 9)], "422": [(21, 13), (4, 4), (1, 1)], "420": [(21, 13), (18, 34), (4, 5)],
        "440": [(21, 13), (2, 3)], "411": [(21, 13)],
    }.items() for w, h in sizes
]
small = Image.fromarray(colours(13, 9))
pixels += [
    example("420 progressive", saved(small, progressive=True)),
    example("grey", saved(small.convert("L"))),
    example("CMYK", saved(small.convert("CMYK"))),
]
(here / "pixels.json").write_text(json.dumps(pixels, indent=0) + "\n")


def on_white(picture):
    """Red, green and blue as Read makes them: transparent parts are white, of 16 bits the upper 8 count."""
    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8)).convert("RGB")
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def stored(name, picture, format, **options):
    file = io.BytesIO()
    picture.save(file, format, **options)
    seen = on_white(ImageOps.exif_transpose(Image.open(io.BytesIO(file.getvalue()))))
    return {
        "name": f"{format} {name}", "file": base64.b64encode(file.getvalue()).decode(),
        "w": seen.width, "h": seen.height, "rgb": seen.tobytes().hex(),
    }


def turned(value):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return exif


grey, bits = small.convert("L"), small.convert("1")
few = small.quantize(7, dither=Image.Dither.NONE)
many = small.quantize(60, dither=Image.Dither.NONE)
clear = small.copy()
clear.putalpha(Image.fromarray(np.random.default_rng(2).integers(0, 256, (9, 13), dtype=np.uint8)))
deep = Image.fromarray(np.random.default_rng(3).integers(0, 1 << 16, (9, 13), dtype=np.uint16))
large = Image.fromarray(colours(21, 34))
formats = [
    stored("palette", many, "GIF", interlace=0),
    stored("interlaced", few, "GIF", interlace=1),
    stored("grey", grey, "GIF"),
    stored("transparent", few, "GIF", transparency=few.getpixel((0, 0))),
    stored("of two frames", few, "GIF", save_all=True, append_images=[grey]),
    stored("bits", bits, "BMP"),
    stored("palette", few, "BMP"),
    stored("grey", grey, "BMP"),
    stored("colours", small, "BMP"),
    *(stored(f"bits {c}", bits, "TIFF", compression=c) for c in ("raw", "packbits", "group3", "group4")),
    *(stored(f"bits {c}, white is 0", bits, "TIFF", compression=c, tiffinfo={262: 0}) for c in ("raw", "group3", "group4")),
    stored("grey, white is 0", grey, "TIFF", compression="tiff_lzw", tiffinfo={262: 0}),
    *(stored(f"grey {c}", grey, "TIFF", compression=c) for c in ("raw", "packbits", "tiff_lzw", "tiff_deflate")),
    *(stored(f"predicted {c} {p.mode}", p, "TIFF", compression=c, tiffinfo={317: 2})
      for c in ("tiff_lzw", "tiff_adobe_deflate") for p in (grey, small)),
    stored("palette", many, "TIFF", compression="tiff_lzw"),
    stored("colours", small, "TIFF"),
    stored("opacity", clear, "TIFF", compression="tiff_lzw"),
    stored("16 bits", deep, "TIFF"),
    stored("16 bits predicted", deep, "TIFF", compression="tiff_lzw", tiffinfo={317: 2}),
    stored("strips", large.convert("L"), "TIFF", compression="tiff_lzw", strip_size=21 * 7),
    stored("of two pages", small, "TIFF", compression="tiff_lzw", save_all=True, append_images=[grey]),
    stored("turned", small, "TIFF", compression="tiff_lzw", exif=turned(6)),
    stored("lossy", large, "WEBP", quality=80),
    stored("lossy, narrow", large.crop((0, 0, 3, 9)), "WEBP", quality=80),
    stored("lossy, one pixel", large.crop((0, 0, 1, 1)), "WEBP", quality=80),
    stored("lossy, opacity", clear, "WEBP", quality=80),
    stored("lossy, opacity of few bits", clear, "WEBP", quality=80, alpha_quality=20),
    stored("lossless", small, "WEBP", lossless=True),
    stored("lossless, opacity", clear, "WEBP", lossless=True, exact=True),
    stored("lossless, palette", few.convert("RGB"), "WEBP", lossless=True),
    stored("lossless, turned", small, "WEBP", lossless=True, exif=turned(8)),
    stored("lossy, turned", small, "WEBP", quality=80, exif=turned(3)),
]
(here / "formats.json").write_text(json.dumps(formats, indent=0) + "\n")
