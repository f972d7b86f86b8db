"""Follow the opcodes of a pickle without running them: would loading these bytes call something?

Arguments are skipped and never kept, so that gigabytes cost time alone. The pickle module's own
walker, `pickletools.genops`, holds every argument and stops at text that `pickle.load` reads.
"""

from __future__ import annotations

import io
import pickletools
from typing import IO, Any

OPCODES = {ord(code.code): code for code in pickletools.opcodes}
MAGIC = frozenset([b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"])
CALLS = frozenset(["INST", "OBJ", "REDUCE", "NEWOBJ", "NEWOBJ_EX", "BUILD"])
IMPORTS = frozenset(["GLOBAL", "STACK_GLOBAL"])
LONGEST = 250_000  # opcodes; no other file follows the rules of pickles for so long by chance
CHUNK = 1 << 20  # bytes of an argument that are held at a time
LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}  # bytes that say how many follow


def is_pickle(stream: IO[bytes], magic: bool) -> bool:
    """Do the bytes of `stream` begin as pickles since protocol 2 do (`magic`), or import or call
    something when they are loaded?

    Older pickles are text, which other text may look like: opcodes are followed, with the depth
    of their stack, up to the first that could not be run. An import alone counts where the pickle
    ends well, since "class X:" begins as one. More pickles may follow the first.
    """
    stack: list[bool] = []  # is it a mark?
    imports = False
    for count in range(LONGEST):
        code = _next(stream)
        if magic and count == 1:
            return code is not None
        if code is None or not _run(code, stack):
            return False
        if code.name in CALLS:
            return True
        imports = imports or code.name in IMPORTS
        if code.name == "STOP":
            if imports:
                return True
            stack.clear()
    return True


def _next(stream: IO[bytes]) -> pickletools.OpcodeInfo | None:
    """The next opcode, read with its argument; None where there is none."""
    code = OPCODES.get((stream.read(1) or b"\0")[0])
    if code is None or code.arg is None:
        return code
    size = code.arg.n
    if size == pickletools.UP_TO_NEWLINE:
        return code if _lines(stream, code) else None
    if size in LENGTHS:
        size = int.from_bytes(stream.read(LENGTHS[size]), "little")
    while size > 0:
        chunk = stream.read(min(size, CHUNK))
        if not chunk:
            return None
        size -= len(chunk)
    return code


def _lines(stream: IO[bytes], code: pickletools.OpcodeInfo) -> bool:
    """Is what follows an argument that ends with its line (two lines name a global)?"""
    assert code.arg is not None
    text = line = stream.readline(CHUNK)
    if len(line) == CHUNK:
        while len(line) == CHUNK and not line.endswith(b"\n"):
            line = stream.readline(CHUNK)
        return line.endswith(b"\n")  # too long to be held: the opcodes behind it decide
    lines = 2 if code.name in ("GLOBAL", "INST") else 1
    if lines == 2:
        text += stream.readline(CHUNK)
    if code.name == "STRING":  # `pickle.load` decodes it as its caller asks
        quoted = text.strip()
        return len(quoted) > 1 and quoted[:1] == quoted[-1:] and quoted[:1] in (b"'", b'"')
    if code.name in ("GLOBAL", "INST", "PERSID"):  # of the reader's warnings nobody wants to hear
        return text.isascii() and text.count(b"\n") == lines
    try:
        code.arg.reader(io.BytesIO(text))
    except Exception:  # the readers raise whatever their decoders raise
        return False
    return True


def _run(code: pickletools.OpcodeInfo, stack: list[bool]) -> bool:
    """Do to `stack` what an opcode does; False if it holds too little."""
    before: list[Any] = code.stack_before
    taken = len(before)
    if pickletools.markobject in before:
        if True not in stack:
            return False
        while not stack.pop():
            pass
        taken = before.index(pickletools.markobject)
    if taken > len(stack):
        return False
    del stack[len(stack) - taken :]
    stack += [kind is pickletools.markobject for kind in code.stack_after]
    return True
