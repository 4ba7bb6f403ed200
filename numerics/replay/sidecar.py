"""The arrays of a certificate: a zip file that every reader sees in one way (One view)."""

import re
import struct
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any
from zlib import crc32

from .verdicts import INVALID, UNSUPPORTED, Stop, require

MAX_NUMBERS, NUMBER = 1 << 24, rb"0|[1-9][0-9]{0,9}"
NPY = rb"\x93NUMPY\x01\x00..{'descr': '<%s8', 'fortran_order': False, 'shape': \((%s), (%s)\), } *\n"
Arrays = dict[str, tuple[list[int], bytes, tuple[Any, ...]]]  # shape, bytes and numbers


def members(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of a zip file of stored members, where no reader can see anything else.

    Members follow each other from the first byte on, the directory repeats what they say, the end record is the end:
    no byte is left over for a second reading, and no comment, flag, extra field (but the sizes in 64 bits) or gap.
    """
    line, end = "arrays", len(raw) - 22
    mark, disk, first, here, total, length, start, comment = struct.unpack("<4s4H2LH", raw[max(end, 0) :])
    plain = (mark, disk, first, comment, here, start + length) == (b"PK\5\6", 0, 0, 0, total, end)
    require(plain and total <= 4, line, "not a zip file of at most four arrays and nothing else")
    place, entry = 0, start  # of the next member, and of what the directory says of it
    for _ in range(total):
        mark, _, _, flags, method, _, _, check_sum, packed, size, named, extra, comment, disk, _, _, where = (
            struct.unpack("<4s6H3L5H2L", raw[entry : entry + 46])
        )
        plain = (mark, flags, method, extra, comment, disk, where) == (b"PK\1\2", 0, 0, 0, 0, 0, place)
        name, entry, after = raw[entry + 46 : entry + 46 + named], entry + 46 + named, place + 30 + named
        mark, _, flags, method, _, _, crc, *sizes, length, extra = struct.unpack("<4s5H3L2H", raw[place : place + 30])
        begin = after + extra
        more = raw[after:begin]
        same = (mark, flags, method, crc, length) == (b"PK\3\4", 0, 0, check_sum, named)
        wide = sizes == [2**32 - 1] * 2 and more == struct.pack("<2H2Q", 1, 16, size, size)
        sized = packed == size and (wide or (sizes == [size, size] and not more))
        require(plain and same and sized, line, "a member that not every reader sees in one way")
        require(raw[place + 30 : after] == name, line, "a member of two names")
        place = begin + size
        require(place <= start and crc32(raw[begin:place]) == crc, line, "a damaged member")
        yield name, raw[begin:place]
    require((place, entry) == (start, end), line, "bytes that belong to no array")


def arrays(path: Path, names: set[str]) -> Arrays:
    """The arrays of a sidecar, exactly those of these names, '<f8' or '<i8' of two axes."""
    require(path.is_file(), "arrays", "the sidecar (.npz) is missing")
    require(path.stat().st_size <= 24 * MAX_NUMBERS, "arrays", "too long", UNSUPPORTED)
    found = Arrays()
    for name, content in members(path.read_bytes()):
        short = name.decode("ascii").removesuffix(".npy")
        require(short in names - set(found) and name == short.encode() + b".npy", "arrays", "an array too many")
        kind, code = (b"i", "q") if short in ("factor", "vector") else (b"f", "d")
        match = re.match(NPY % (kind, NUMBER, NUMBER), content, re.S)
        if match is None:
            raise Stop(INVALID, f"arrays.{short}", "no plain array of the expected kind")
        body, shape = content[match.end() :], [int(match[1]), int(match[2])]
        whole = match.end() == 10 + int.from_bytes(content[8:10], "little") and len(body) == 8 * prod(shape)
        require(whole, f"arrays.{short}", "not of the length that its header says")
        found[short] = shape, body, struct.unpack(f"<{prod(shape)}{code}", body)
    require(set(found) == names, "arrays", "an array is missing")
    return found
