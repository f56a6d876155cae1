"""AWS WAF's text transformations, byte for byte.

Source: AWS WAF Developer Guide, "Using text transformations in AWS WAF". Its page copies the
descriptions of ModSecurity's transformations, so where it is silent ModSecurity v3 decides. What
becomes of malformed Base64, hexadecimal digits or UTF-8, neither says: what can be read is read.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

from emulator.wire.documents import Document

Transform = Callable[[bytes], bytes]

_HEX = rb"[0-9a-fA-F]"


def _compress_white_space(data: bytes) -> bytes:
    # Byte 160, not the character U+00A0: its UTF-8 form keeps a leading 0xC2.
    return re.sub(rb"[ \f\t\n\r\v\xa0]+", b" ", data)


_ENTITIES = {
    b"quot": b'"', b"amp": b"&", b"lt": b"<", b"gt": b">",
    b"nbsp": b"\xa0", b"nonbreakingspace": b"\xa0", b"newline": b"\n", b"tab": b"\t",
    b"lcub": b"{", b"lbrace": b"{", b"rcub": b"}", b"rbrace": b"}",
    b"verbar": b"|", b"vert": b"|", b"verticalline": b"|",
    b"excl": b"!", b"num": b"#", b"dollar": b"$", b"percent": b"%", b"percnt": b"%",
    b"apos": b"'", b"lpar": b"(", b"rpar": b")", b"ast": b"*", b"midast": b"*", b"plus": b"+",
    b"comma": b",", b"period": b".", b"sol": b"/", b"colon": b":", b"semi": b";", b"equals": b"=",
    b"quest": b"?", b"tilde": b"~", b"diacriticaltilde": b"~", b"minus": b"-",
    b"lsqb": b"[", b"lbrack": b"[", b"bsol": b"\\", b"rsqb": b"]", b"rbrack": b"]", b"hat": b"^",
    b"lowbar": b"_", b"underbar": b"_", b"grave": b"`", b"diacriticalgrave": b"`",
}  # fmt: skip


def _html_entity(match: re.Match[bytes]) -> bytes:
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        return _ENTITIES.get(name.lower(), match[0])
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    if code < 256:
        return bytes([code])
    return chr(code).encode("utf-8", "surrogatepass") if code <= 0x10FFFF else match[0]


_ENTITY = re.compile(rb"&(?:#[xX](" + _HEX + rb"{1,8})|#([0-9]{1,8})|([a-zA-Z]{2,20}));")


def _html_entity_decode(data: bytes) -> bytes:
    return _ENTITY.sub(_html_entity, data) if b"&" in data else data


def _cmd_line(data: bytes) -> bytes:
    data = data.translate(bytes.maketrans(b",;", b"  "), b"\\\"'^")
    return re.sub(rb" +(?=[/(])", b"", re.sub(rb" +", b" ", data)).lower()


def _byte(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)])


def _url_decode(data: bytes) -> bytes:
    return re.sub(rb"%(" + _HEX + rb"{2})", _byte, data.replace(b"+", b" "))


def _narrow(code: int) -> bytes:
    """Fold a two-byte code: full-width ASCII is adjusted, otherwise the high byte is lost."""
    return bytes([(code & 0xFF) + 0x20 if 0xFF01 <= code <= 0xFF5E else code & 0xFF])


_ESCAPE = re.compile(rb"%(?:[uU](" + _HEX + rb"{4})|(" + _HEX + rb"{2}))")


def _url_decode_uni(data: bytes) -> bytes:
    def decode(match: re.Match[bytes]) -> bytes:
        return _narrow(int(match[1], 16)) if match[1] else bytes([int(match[2], 16)])

    data = data.replace(b"+", b" ")
    return _ESCAPE.sub(decode, data) if b"%" in data else data


def _decode_quanta(text: bytes) -> bytes:
    """Decode Base64 without padding; a lone last character carries no whole byte and is dropped."""
    text = text[: len(text) - 1] if len(text) % 4 == 1 else text
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def _base64_decode(data: bytes) -> bytes:
    valid = re.match(rb"[A-Za-z0-9+/]*", data)
    return _decode_quanta(valid[0]) if valid else b""


def _base64_decode_ext(data: bytes) -> bytes:
    return _decode_quanta(re.sub(rb"[^A-Za-z0-9+/]", b"", data))


def _hex_decode(data: bytes) -> bytes:
    if not re.fullmatch(_HEX + rb"+", data):
        return data
    return bytes.fromhex(data[: len(data) & ~1].decode("ascii"))


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _replace_comments(data: bytes) -> bytes:
    return re.sub(rb"/\*.*?(?:\*/|\Z)", b" ", data, flags=re.DOTALL)


_ANSI_C = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
    b"\\": b"\\", b"?": b"?", b"'": b"'", b'"': b'"',
}  # fmt: skip


def _escape_seq_decode(data: bytes) -> bytes:
    def decode(match: re.Match[bytes]) -> bytes:
        hexadecimal, octal, letter = match.groups()
        if hexadecimal:
            return bytes([int(hexadecimal, 16)])
        return bytes([int(octal, 8) & 0xFF]) if octal else _ANSI_C[letter]

    pattern = rb"\\(?:x(" + _HEX + rb"{2})|(0?[0-7]{1,3})|([abfnrtv\\?'\"]))"
    return re.sub(pattern, decode, data)


def _sql_hex_decode(data: bytes) -> bytes:
    return re.sub(
        rb"0[xX]((?:" + _HEX + rb"{2})+)", lambda m: bytes.fromhex(m[1].decode("ascii")), data
    )


def _css_decode(data: bytes) -> bytes:
    def decode(match: re.Match[bytes]) -> bytes:
        digits, other = match.groups()
        if digits:
            return _narrow(int(digits[-4:], 16))
        return b"" if other in {b"\n", None} else bytes(other)

    pattern = rb"\\(?:(" + _HEX + rb"{1,6})[ \t\n\r\f\v]?|(.)|\Z)"
    return re.sub(pattern, decode, data, flags=re.DOTALL)


def _js_decode(data: bytes) -> bytes:
    def decode(match: re.Match[bytes]) -> bytes:
        wide, hexadecimal, octal, other = match.groups()
        if wide:
            return _narrow(int(wide, 16))
        if hexadecimal:
            return bytes([int(hexadecimal, 16)])
        if octal:
            return bytes([int(octal, 8)])
        return _ANSI_C.get(other, other)

    pattern = rb"\\(?:u(" + _HEX + rb"{4})|x(" + _HEX + rb"{2})|([0-3][0-7]{0,2}|[4-7][0-7]?)|(.))"
    return re.sub(pattern, decode, data, flags=re.DOTALL)


def _normalize_path(data: bytes) -> bytes:
    kept: list[bytes] = []
    segments = data.split(b"/")
    for segment in segments[:-1]:
        if segment == b".." and kept and kept[-1] != b"..":
            kept.pop()
        elif segment == b".." and data.startswith(b"/"):
            continue
        elif segment not in {b"", b"."}:
            kept.append(segment)
    last = segments[-1]
    if last == b".." and kept and kept[-1] != b"..":
        kept.pop()
        last = b""
    elif last == b"." or (last == b".." and data.startswith(b"/")):
        last = b""
    root = b"/" if data.startswith(b"/") else b""
    return root + b"".join(segment + b"/" for segment in kept) + last


def _normalize_path_win(data: bytes) -> bytes:
    return _normalize_path(data.replace(b"\\", b"/"))


def _utf8_to_unicode(data: bytes) -> bytes:
    text = data.decode("utf-8", "surrogateescape")

    def encode(match: re.Match[str]) -> str:
        code = ord(match[0])
        # A byte that is no UTF-8 stays as it is.
        return match[0] if 0xDC80 <= code <= 0xDCFF else f"%u{code:04x}"

    return re.sub(r"[^\x00-\x7f]", encode, text).encode("utf-8", "surrogateescape")


TRANSFORMS: Mapping[str, Transform] = {
    "NONE": lambda data: data,
    "COMPRESS_WHITE_SPACE": _compress_white_space,
    "HTML_ENTITY_DECODE": _html_entity_decode,
    "LOWERCASE": bytes.lower,
    "CMD_LINE": _cmd_line,
    "URL_DECODE": _url_decode,
    "BASE64_DECODE": _base64_decode,
    "HEX_DECODE": _hex_decode,
    "MD5": _md5,
    "REPLACE_COMMENTS": _replace_comments,
    "ESCAPE_SEQ_DECODE": _escape_seq_decode,
    "SQL_HEX_DECODE": _sql_hex_decode,
    "CSS_DECODE": _css_decode,
    "JS_DECODE": _js_decode,
    "NORMALIZE_PATH": _normalize_path,
    "NORMALIZE_PATH_WIN": _normalize_path_win,
    "REMOVE_NULLS": lambda data: data.replace(b"\0", b""),
    "REPLACE_NULLS": lambda data: data.replace(b"\0", b" "),
    "BASE64_DECODE_EXT": _base64_decode_ext,
    "URL_DECODE_UNI": _url_decode_uni,
    "UTF8_TO_UNICODE": _utf8_to_unicode,
}


def chain(text_transformations: Sequence[Document]) -> tuple[str, ...]:
    """Return the names to apply, lowest priority first.

    Raises:
        KeyError: a transformation that this emulator does not know.
    """
    ordered = sorted(text_transformations, key=lambda one: int(one["Priority"]))
    for one in ordered:
        TRANSFORMS[one["Type"]]
    return tuple(one["Type"] for one in ordered if one["Type"] != "NONE")
