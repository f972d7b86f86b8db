"""The pages: links lead somewhere, paragraphs are short, terms are explained, and every command is
there."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from delivery.cli.main import cli
from tests.checkout import is_template, template_alone

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = ROOT / "docs" / "glossary.md"
LONGEST = 80  # words of a paragraph
# Terms that a page uses in no other meaning than the glossary's.
UNAMBIGUOUS = ("bento", "candidate", "champion", "holdout", "rehearsal", "verdict")

CODE = re.compile(r"^( *)(```|~~~).*?^\1\2 *$", re.DOTALL | re.MULTILINE)
GENERATED = re.compile(r"<!-- gates:begin -->.*?<!-- gates:end -->", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
INLINE_CODE = re.compile(r"`[^`]+`")
QUOTATION = re.compile(r"^>.*$", re.MULTILINE)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
ITEM = re.compile(r"^\s*([-*]|\d+\.) ")


def tracked() -> list[Path]:
    """Every Markdown file of the repository, committed or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    paths = (ROOT / name for name in names.split("\0") if name)
    return sorted({path for path in paths if path.is_file()})


def pages() -> list[Path]:
    """What a reader is sent to: CONTRIBUTING, docs/ and, in the template, the README. A fork
    writes its own."""
    readme = [ROOT / "README.md"] if is_template() else []
    return [*readme, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """The text of a page without code blocks and comments."""
    return COMMENT.sub("", CODE.sub("", page.read_text(encoding="utf-8")))


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    text = LINK.sub(r"\2", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    """A heading that comes again gets a number."""
    seen: Counter[str] = Counter()
    names = set()
    for heading in HEADING.findall(prose(page)):
        anchor = slug(heading)
        names.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return names


def links(page: Path) -> Iterator[str]:
    """Where the relative links of a page lead to."""
    for _, _, target in LINK.findall(INLINE_CODE.sub("", prose(page))):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def broken(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if not file.exists():
        return True
    return bool(anchor) and (file.suffix != ".md" or anchor not in anchors(file))


def paragraphs(page: Path) -> Iterator[str]:
    """Each paragraph and each item of a list; not tables and headings. Inline code is a word."""
    lines: list[str] = []
    for line in [*prose(page).splitlines(), ""]:
        text = line.removeprefix("> ").rstrip(">").rstrip()
        apart = not text.strip() or text.startswith(("|", "#")) or ITEM.match(text)
        if apart and lines:
            yield " ".join(lines)
            lines = []
        if text.strip() and not text.startswith(("|", "#")):
            lines.append(LINK.sub(r"\2", INLINE_CODE.sub("code", text)).strip())


def terms() -> dict[str, str]:
    """Heading of the glossary → what it says."""
    parts = re.split(r"^## ", GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    pairs = (part.partition("\n") for part in parts)
    return {heading.strip(): text.strip() for heading, _, text in pairs}


@pytest.mark.parametrize("page", tracked(), ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert [target for target in links(page) if broken(page, target)] == []


@pytest.mark.parametrize("page", pages(), ids=name)
def test_no_paragraph_is_long(page: Path) -> None:
    long = [text for text in paragraphs(page) if len(text.split()) > LONGEST]
    assert [f"{len(text.split())} words: {text[:60]}…" for text in long] == []


def test_the_glossary_is_in_order_and_brief() -> None:
    assert list(terms()) == sorted(terms())
    sentences = {term: len(re.findall(r"[.?!](?=\s|$)", text)) for term, text in terms().items()}
    assert {term: count for term, count in sentences.items() if not 1 <= count <= 3} == {}


def test_every_term_is_linked_from_a_page() -> None:
    used = set()
    for page in pages():
        if page != GLOSSARY:
            used |= {target.partition("#")[2] for target in links(page) if "glossary.md#" in target}
    assert {term for term in terms() if slug(term) not in used} == set()


@pytest.mark.parametrize("page", pages(), ids=name)
def test_a_term_is_linked_where_it_stands_first(page: Path) -> None:
    """In the text and in tables; headings, code and quotations of output apart."""
    if page == GLOSSARY or page.parent.name == "adr":
        return
    text = GENERATED.sub("", page.read_text(encoding="utf-8"))
    for left_out in (CODE, COMMENT, QUOTATION, INLINE_CODE, HEADING):
        text = left_out.sub("", text)
    linked = [(*match.span(), match[3]) for match in LINK.finditer(text)]
    unlinked = []
    for term in UNAMBIGUOUS:
        first = re.search(rf"(?<![\w/#-]){term}s?\b", text, re.IGNORECASE)
        if first and not any(
            start <= first.start() < end and re.search(rf"glossary\.md#.*{term}", target)
            for start, end, target in linked
        ):
            unlinked.append(f"{term}: …{text[max(0, first.start() - 30) : first.end() + 20]!r}")
    assert unlinked == []


def commands(group: click.Group, prefix: str = "delivery") -> Iterator[str]:
    context = click.Context(group)
    for verb in group.list_commands(context):
        command = group.get_command(context, verb)
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {verb}")
        else:
            yield f"{prefix} {verb}"


@pytest.mark.parametrize("command", list(commands(cli)))
def test_every_command_is_in_the_docs(command: str) -> None:
    docs = (ROOT / "docs" / "delivery.md").read_text(encoding="utf-8")
    assert f"`{command}" in docs


def test_the_list_of_commands_shows_what_each_does() -> None:
    """Whole sentences, however many lines they take."""
    _, _, shown = CliRunner().invoke(cli, ["--help"]).output.partition("\n\n")
    assert "..." not in shown


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^(\S+):.* ## ", makefile, flags=re.MULTILINE)
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "e2e" in targets
    assert re.findall(r"^  make (\S+)", shown.stdout, flags=re.MULTILINE) == targets


@template_alone
def test_the_flow_of_the_readme_commits_the_first_lock(tmp_path: Path) -> None:
    """`git commit -a` alone leaves out a file that is new."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    retrain = text.partition("**Retrain.**")[2].partition("```sh")[2].partition("```")[0]
    (tmp_path / "params.yaml").write_text("until: 6\n")
    shell = (
        "set -e; git init -q .; git add params.yaml; git commit -qm First\n"
        "dvc() { :; }; delivery() { :; }; edit() { echo 'until: 7' > $1; }; EDITOR=edit\n"
        + retrain.replace("dvc repro", "echo made > dvc.lock")
        + "git status --porcelain"
    )
    done = subprocess.run(
        ["sh", "-c", shell], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "dvc.lock" in done.stdout
    assert "??" not in done.stdout
    assert " M " not in done.stdout


def test_the_docs_name_no_command_that_is_not_there() -> None:
    known = set(commands(cli)) | {"delivery pr"}
    for page in pages():
        text = page.read_text(encoding="utf-8")
        for command in re.findall(r"`(delivery [a-z]+(?: [a-z]+)?)", text):
            first = " ".join(command.split()[:2])
            assert command in known or first in known, f"{name(page)} names `{command}`"
