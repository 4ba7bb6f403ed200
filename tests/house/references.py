"""References from one file to another, wherever they stand: links, paths, sections, modules named in docstrings.

``python tests/house/references.py`` prints those that lead nowhere.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

FOLDERS = ("docs", "tests", "theory", "numerics", "reports", "certigram", "examples", "benchmarks")
EXAMPLE = "/papers/toy/"
"""The room of a paper that is not there: it shows how one is added."""
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s#]*)(?:#([^)\s]+))?\)")
PATH = re.compile(rf"(?<![\w./~-])((?:{'|'.join(FOLDERS)})/[\w./*-]+\.(?:md|py|toml|json|bib|tex|html))(?![\w/])")
BARE = re.compile(r"(?<![\w./*-])([\w-]+\.md)\b")
SECTION = re.compile(
    r"(?<![\w./-])((?:docs/[\w/-]+/)?[\w-]+\.md)(?:`{1,2}|\]\([^)]*\))?,\s+"
    r"((?:sections?|Lemma|Theorem)\s+[\d.]*\d(?:(?:,| and| to)\s+\d[\d.]*\d?)*|\"[^\"]+\"(?:(?:,| and)\s+\"[^\"]+\")*)"
)
MODULE = re.compile(r":(?:mod|func|class|attr|data|meth):`[~!]?(\.+|certigram\.)([\w.]+)`")


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    """All files that speak about others, with their text."""
    found = chain(root.glob("*.md"), root.glob("*.toml"), *((root / folder).rglob("*.*") for folder in FOLDERS))
    for path in sorted(found):
        inside = path.relative_to(root)
        linked = inside.parts[0] == "certigram" and inside.parts[1] in FOLDERS  # the link to a storey
        if inside.name == "test_references.py":
            continue  # its own examples
        if path.suffix in {".md", ".py", ".toml", ".bib", ".tex", ".html"} and not linked and path.is_file():
            yield inside, path.read_text("utf-8")


def _code(text: str) -> str:
    """Markdown without formulas and code blocks, whose brackets are no links."""
    for pattern in (r"(?s)```.*?```", r"(?s)\$\$.*?\$\$", r"\$[^$\n]*\$", r"`[^`\n]*`"):
        text = re.sub(pattern, lambda found: " " * len(found[0]), text)
    return text


@cache
def headings(path: Path) -> tuple[str, ...]:
    """The headings of a page: titles, and paragraphs that begin in bold."""
    lines = path.read_text("utf-8").splitlines()
    return tuple(line.lstrip("#* ") for line in lines if line.startswith(("#", "**")))


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def links(root: Path, place: Path, text: str) -> Iterator[str]:
    """Links of a page that lead to no file, or to no heading of one."""
    for target, anchor in LINK.findall(_code(text)):
        if ":" in target:
            continue
        file = root / place.parent / target if target else root / place
        if not file.exists():
            yield target
        elif anchor and anchor not in map(_anchor, headings(file.resolve())):
            yield f"{target}#{anchor}"


def paths(root: Path, place: Path, text: str) -> Iterator[str]:
    """Paths from the root that are no file; a star stands for what it stands for in a shell."""
    for target in PATH.findall(text):
        if EXAMPLE in target:
            continue
        installed = target.removeprefix("certigram/")  # where a wheel has it
        if not any(any(root.glob(place)) for place in (target, installed)) and not (root / "docs" / target).exists():
            yield target


def page(root: Path, place: Path, name: str) -> Path | None:
    """The page that a bare name means: beside the file, or among the pages that papers share."""
    folders = (root / place.parent, root, root / "docs", root / "docs" / "theory")
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def bare(root: Path, place: Path, text: str) -> Iterator[str]:
    """Names of pages without a folder that are no page."""
    for name in BARE.findall(text):
        if page(root, place, name) is None:
            yield name


def sections(root: Path, place: Path, text: str) -> Iterator[str]:
    """Sections that a page does not have."""
    flat = re.sub(r"\s+", " ", text)
    for name, said in SECTION.findall(flat):
        file = root / name if name.startswith("docs/") else page(root, place, name)
        if file is None or not file.is_file():
            continue
        known = headings(file)
        for title in re.findall(r'"([^"]+)"', said):
            if not any(title.lower().rstrip(".") in heading.lower() for heading in known):
                yield f'{name}, "{title}"'
        if said.startswith("section"):
            for number in re.findall(r"\d[\d.]*\d|\d", said):
                if not any(re.match(rf"{re.escape(number)}(?!\.?\d)", heading) for heading in known):
                    yield f"{name}, section {number}"
        elif not said.startswith('"') and not any(said in heading for heading in known):
            yield f"{name}, {said}"


def named_modules(root: Path, place: Path, text: str) -> Iterator[str]:
    """Modules and their members that docstrings name by a dotted path, absolute or relative, and that are not there."""
    parts = place.with_suffix("").parts
    package = parts[:-1] if parts[0] == "certigram" else ("certigram", *parts[:-1])
    for dots, name in MODULE.findall(text):
        base = () if dots == "certigram." else package[1 : len(package) - len(dots) + 1]
        steps = (*base, *name.split("."))
        if not any(_defines(root, steps[:k], steps[k:]) for k in range(len(steps), 0, -1)):
            yield f"{dots}{name}"


def _defines(root: Path, module: tuple[str, ...], member: tuple[str, ...]) -> bool:
    """Whether there is this module, and in it a definition of the member."""
    tops = (root, root / "certigram")
    for stem in (top.joinpath(*module) for top in tops):
        for file in (stem.with_suffix(".py"), stem / "__init__.py"):
            if file.is_file():
                known = rf"^\s*(?:def |class |from \S+ import .*)?{member[0]}\b" if member else ""
                return re.search(known, file.read_text("utf-8"), re.M) is not None
    return not member and any(top.joinpath(*module).is_dir() for top in tops)


def dead(root: Path) -> Iterator[str]:
    """All references that lead nowhere. The changelog keeps its words of the past: only its links are followed."""
    for place, text in texts(root):
        kinds = [links] if place.suffix == ".md" else []
        if place.name != "CHANGELOG.md":
            kinds += [paths, sections]
            if place.suffix == ".md":
                kinds += [bare]
            if place.suffix == ".py" and place.parts[0] in ("theory", "numerics", "reports", "certigram"):
                kinds += [named_modules]
        for kind in kinds:
            yield from (f"{place}: {kind.__name__}: {target}" for target in kind(root, place, text))


if __name__ == "__main__":
    print("\n".join(dead(Path(sys.argv[1] if len(sys.argv) > 1 else "."))))
