"""Markdown tables as GitHub reads them, and texts that try to leave a cell."""

from __future__ import annotations

import re

HOSTILE = [
    "a | b",
    r"a \| b",
    r"\\|",
    "ends in \\",
    "two\nlines",
    "return\rline\r\n| x | y |",
    "`code` | `",
    "<script>x</script>",
    "[link](https://example.com)",
    "![image](https://example.com)",
    "x\n\n# Approved\n",
    "&lt;b&gt;",
]


def rows(text: str, name: str) -> list[list[str]]:
    """The cells below the header that begins with `name`, as GitHub splits them: at a bar that no
    backslash takes away, itself not taken away. Source: cmark-gfm, table.c."""
    lines = re.split(r"\r\n|\r|\n", text)
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {name}"))
    found = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells = re.findall(r"\|((?:\\.|[^|\\])*)(?=\|)", line)
        found.append([re.sub(r"\\(.)", r"\1", cell.strip()) for cell in cells])
    return found


def plain(text: str) -> str:
    return " ".join(text.split())
