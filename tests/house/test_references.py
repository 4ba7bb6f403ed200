"""References lead somewhere: links, paths, sections of pages, modules named in docstrings.

A failure here means that a reader who looks up a proof finds nothing. ``python tests/house/references.py`` prints all.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .references import SECTION, bare, dead, links, named_modules, paths, sections, texts

ROOT = Path(__file__).parents[2]


def test_no_reference_is_dead() -> None:
    found = list(dead(ROOT))
    assert not found, "\n".join(found)


def test_references_are_found_at_all() -> None:
    """Many files say the section of a page: the pattern sees them."""
    seen = {place.parts[0] for place, text in texts(ROOT) if SECTION.search(" ".join(text.split()))}
    assert {"numerics", "theory", "tests", "docs"} <= seen


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "docs/theory/gauss.md": "# Gauss\n\n## 1. Mehler\n\n**2.1 The tail.** Small.\n\n### Lower bounds (LB_X)\n",
        "docs/papers/one/proofs.md": "# One\n\n**Lemma 4** says so.\n",
        "numerics/balls/ball.py": "from .ends import upper\nWIDE = 1\ndef enclose(): ...\nclass Ball:\n    mid = 0\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "place", "true", "false"),
    [
        (links, "docs/a.md", "[x](theory/gauss.md)", "[x](theory/gaus.md)"),
        (
            links,
            "docs/papers/one/proofs.md",
            "[x](../../theory/gauss.md#1-mehler)",
            "[x](../../theory/gauss.md#1-price)",
        ),
        (links, "README.md", "[x](https://example.org/a.md)", "[x](papers/one/proofs.md)"),
        (links, "README.md", "$[0,1](x)$ and `[a](b)`", "[a](b)"),
        (paths, "numerics/a.py", "docs/theory/gauss.md", "docs/theory/gaus.md"),
        (paths, "numerics/a.py", "Proofs: ``docs/papers/one/proofs.md``.", "Proofs: ``docs/theory/one.md``."),
        (paths, "docs/a.md", "`numerics/balls/b*.py`", "`numerics/balls/c*.py`"),
        (bare, "docs/theory/b.md", "(gauss.md, section 1)", "(proofs.md, section 1)"),
        (sections, "numerics/a.py", "``docs/theory/gauss.md``, section 1.", "``docs/theory/gauss.md``, section 2."),
        (
            sections,
            "numerics/a.py",
            "gauss.md,\nsections 1 and 2.1",
            "gauss.md,\nsections 1 and 2.2",
        ),
        (sections, "docs/a.md", '[g](theory/gauss.md), "Lower bounds"', '[gauss.md](theory/gauss.md), "Upper bounds"'),
        (sections, "docs/a.md", 'gauss.md, "Mehler" and "The tail"', 'gauss.md, "Mehler" and "The tails"'),
        (sections, "docs/a.md", "docs/papers/one/proofs.md, Lemma 4", "docs/papers/one/proofs.md, Lemma 5"),
        (named_modules, "numerics/kernels/a.py", ":func:`~..balls.ball.enclose`", ":func:`~..ball.enclose`"),
        (named_modules, "numerics/balls/a.py", ":attr:`.ball.Ball.mid`", ":attr:`.ball.Bal.mid`"),
        (named_modules, "numerics/balls/a.py", ":data:`.ball.WIDE`, :func:`.ball.upper`", ":data:`.ball.NARROW`"),
        (named_modules, "reports/a.py", ":mod:`certigram.numerics.balls`", ":mod:`certigram.numerics.ball`"),
    ],
)
def test_a_dead_reference_is_seen(root: Path, kind, place: str, true: str, false: str) -> None:  # type: ignore[no-untyped-def]
    assert not list(kind(root, Path(place), true))
    assert len(list(kind(root, Path(place), false))) == 1
