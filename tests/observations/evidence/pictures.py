"""Pictures made on the spot: a drawn face that the cascades find, a sea without anybody."""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FACE = (101, 101, 205, 205)
"""About where the drawn face is: left, top, width, height."""


def drawn_face():
    image = Image.new("RGB", (400, 400), (180, 190, 200))
    draw = ImageDraw.Draw(image)
    draw.ellipse((130, 105, 270, 295), (225, 180, 150))
    draw.pieslice((125, 80, 275, 180), 180, 360, (60, 40, 30))
    for x in (172, 228):
        draw.ellipse((x - 22, 168, x + 22, 192), (150, 110, 90))
        draw.ellipse((x - 15, 173, x + 15, 187), (240, 240, 240))
        draw.ellipse((x - 7, 173, x + 7, 187), (20, 30, 40))
        draw.ellipse((x - 22, 152, x + 22, 164), (50, 40, 40))
    draw.ellipse((190, 185, 210, 235), (245, 200, 170))
    draw.ellipse((186, 230, 214, 242), (160, 110, 90))
    draw.ellipse((172, 254, 228, 270), (150, 70, 70))
    return image.filter(ImageFilter.GaussianBlur(2))


def sea(seed=1, size=(320, 200)):
    """Sky, water and a hull, with noise."""
    noise = np.random.default_rng(seed).integers(-6, 7, (size[1], size[0], 3))
    pixels = np.full((size[1], size[0], 3), (140, 170, 210), np.int64)
    pixels[size[1] // 2 :] = (40, 80, 110)
    pixels[90:115, 60 + 20 * seed : 200 + 10 * seed] = (130, 30, 30)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def jpeg(image, **more):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, **more)
    return out.getvalue()


def exif_of(taken="2023:05:01 12:30:00", offset="+02:00", gps=True):
    """EXIF as a camera writes it, with a person's name in it."""
    exif = Image.Exif()
    exif[0x013B] = "Jane Photographer"
    exif[0x010F] = "ACME"
    inner = exif.get_ifd(0x8769)
    inner[0x9003] = taken
    if offset:
        inner[0x9011] = offset
    inner[0xA430] = "Jane Owner"
    if gps:
        part = exif.get_ifd(0x8825)
        part[1], part[2] = "S", (33.0, 51.0, 36.0)
        part[3], part[4] = "W", (18.0, 30.0, 0.0)
        part[7], part[29] = (10.0, 30.0, 1.5), "2023:05:01"
    return exif
