"""Makes the pictures of this folder with Pillow: `python record.py`."""
import struct
import zlib
from PIL import Image

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 200, 40), (30, 50, 210), (250, 250, 250)


def quadrants(mode="RGB"):
    picture = Image.new("RGB", (32, 16))
    for box, colour in [((0, 0), RED), ((16, 0), GREEN), ((0, 8), BLUE), ((16, 8), WHITE)]:
        picture.paste(colour, (*box, box[0] + 16, box[1] + 8))
    return picture.convert(mode)


# What undoes the turn that each EXIF orientation asks for.
UNDO = {1: None, 2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE,
        6: Image.ROTATE_90, 7: Image.TRANSVERSE, 8: Image.ROTATE_270}
for tag, undo in UNDO.items():
    stored = quadrants() if undo is None else quadrants().transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = tag
    exif[0x010F] = "Kakudai"
    stored.save(f"orientation-{tag}.jpg", quality=95, subsampling=0, exif=exif, dpi=(300, 300))

quadrants("CMYK").save("cmyk.jpg", quality=95, subsampling=0)
quadrants().save("truncated.jpg", quality=95)
whole = open("truncated.jpg", "rb").read()
noise = Image.effect_noise((64, 64), 80)
noise.save("truncated.png")
data = open("truncated.png", "rb").read()
open("truncated.png", "wb").write(data[: len(data) // 2])
open("truncated.jpg", "wb").write(whole[: len(whole) * 3 // 4])

palette = Image.new("P", (2, 2))
palette.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
palette.putdata([0, 1, 2, 3])
palette.save("palette.png", transparency=bytes([255, 128, 0, 255]))

grey = Image.new("LA", (2, 1))
grey.putdata([(100, 255), (200, 51)])
grey.save("grey-alpha.png")


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


# Pillow does not write 16-bit colours.
rows = b"".join(b"\0" + struct.pack(">6H", *row) for row in [(0, 1, 65535, 256, 32768, 4660), (1, 2, 3, 4, 5, 6)])
open("16-bit.png", "wb").write(
    b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def profile(gamma, primaries):
    """An ICC profile (version 2) of three primaries and one gamma."""
    def xyz(values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)
    text = b"a wide space\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + b"\0" * (4 + 4 + 2 + 1 + 67)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = [(b"desc", description), (b"cprt", b"text\0\0\0\0none\0\0\0\0"), (b"wtpt", xyz((0.9642, 1, 0.8249)))]
    tags += [(name, xyz(values)) for name, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries)]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    offset, table, bodies = 128 + 4 + 12 * len(tags), b"", b""
    for name, body in tags:
        body += b"\0" * (-len(body) % 4)
        table += name + struct.pack(">II", offset + len(bodies), len(body))
        bodies += body
    header = struct.pack(">I4sI4s4s4s", offset + len(bodies), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += b"\0" * 12 + b"acsp" + b"\0" * 28 + b"".join(struct.pack(">i", round(v * 65536)) for v in (0.9642, 1, 0.8249))
    header += b"\0" * (128 - len(header))
    return header + struct.pack(">I", len(tags)) + table + bodies


wide = profile(1.8, [(0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446)])
Image.new("RGB", (4, 4), (180, 100, 60)).save("wide-profile.png", icc_profile=wide)

# A format that libvips may read by a module.
Image.new("RGB", (6, 5), (200, 40, 90)).save("plain.avif", quality=90)
