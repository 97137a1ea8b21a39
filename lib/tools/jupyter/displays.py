"""What a display must hold to show anything: looked at before an executed notebook takes the place of the old one.

Plotly figures and claims are looked at where they are known, in lib/tools/run/displays.ts.
"""

import base64
import binascii
import struct
import zlib
from xml.etree import ElementTree

SVG = ("{http://www.w3.org/2000/svg}svg", "svg")


def wrong_shape(data):
    """@returns why a display's data are none, in words; None when they are"""
    if not isinstance(data, dict) or not data:
        return "a display without data: wanted { 'text/plain': ... } or another type"
    for type_, value in data.items():
        is_text = isinstance(value, str) or isinstance(value, list) and all(isinstance(line, str) for line in value)
        if not is_text and not is_json(type_):
            return f"a display of {type_} holds {kind_of(value)}, wanted text"
    return None


def broken_display(data):
    """@returns what is wrong with a display's data, in words; None when nothing is"""
    for type_, value in data.items():
        look = LOOKS.get(type_)
        problem = look and look("".join(value))
        if problem:
            return f"a display of {type_} {problem}"
    return None


def is_json(type_):
    return type_ == "application/json" or type_.endswith("+json")


def kind_of(value):
    kinds = {bool: "a truth value", int: "a number", float: "a number", list: "a list", dict: "an object", type(None): "null"}
    return kinds[type(value)]


def svg(text):
    if not text.strip():
        return "is empty"
    if "<!ENTITY" in text:
        return "declares entities, which no page shows"
    try:
        root = ElementTree.fromstring(text.encode("utf-8", "replace"))
    except (ElementTree.ParseError, ValueError) as error:
        return f"does not parse: {error}"
    if root.tag not in SVG:
        return f'has the root <{root.tag}>, wanted <svg xmlns="http://www.w3.org/2000/svg">'
    return None if len(root) else "draws nothing"


def decoded(text):
    return base64.b64decode("".join(text.split()), validate=True)


def picture(look):
    def looked(text):
        if not text.strip():
            return "is empty"
        try:
            return look(decoded(text))
        except binascii.Error:
            return "is not base64"
        except (struct.error, zlib.error, IndexError):
            return "is cut short"

    return looked


def png(data):
    if data[:8] != b"\x89PNG\r\n\x1a\n":
        return "is not a PNG picture"
    at, pixels, size, end = 8, b"", None, False
    while at < len(data) and not end:
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
        if zlib.crc32(kind + body) != crc:
            return "is damaged: a checksum is wrong"
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
        elif kind == b"IDAT":
            pixels += body
        end = kind == b"IEND"
        at += 12 + length
    if not size or 0 in size:
        return "has no pixels"
    if not end or not zlib.decompress(pixels):
        return "is cut short"
    return None


def jpeg(data):
    if data[:2] != b"\xff\xd8":
        return "is not a JPEG picture"
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):  # to the frame's header
        if data[at] != 0xFF or data[at + 1] == 0xDA:
            return "is damaged: no frame"
        at += 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    height, width = struct.unpack(">HH", data[at + 5 : at + 9])
    if height == 0 or width == 0:
        return "has no pixels"
    return None if b"\xff\xd9" in data[-64:] else "is cut short"


def gif(data):
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        return "is not a GIF picture"
    return "has no pixels" if 0 in struct.unpack("<HH", data[6:10]) else None


LOOKS = {"image/svg+xml": svg, "image/png": picture(png), "image/jpeg": picture(jpeg), "image/gif": picture(gif)}
