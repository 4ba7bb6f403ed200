"""Whether a file is one that certigram exports, but for its numbers; so that nothing else in it is ever run."""

from __future__ import annotations

import re
from fractions import Fraction

from .subject import FormalSubject
from .theorem import BACKENDS, Backend, written
from .witness import FormalWitness

MODULES = {
    "ArcCosine": ("(arc_cosine_matrix X)", "", "X", "X"),
    "GivenMatrix": ("(given_matrix A 1)", "", "A 1", "A"),
    "Gaussian": ("(gaussian_matrix (IZR 1 / IZR 1) X)", "", "1 1 X", "X"),
    "Arcsine": ("(arcsine_matrix (IZR 1 / IZR 1) (IZR 1 / IZR 1) X)", "", "1 1 1 ltac:(easy) X", "X"),
    "ErfEquilibrium": ("K", "erf_equilibrium (IZR 1 / IZR 1) X K", "1 1 ltac:(easy) 1 X", "X"),
    "ReluEquilibrium": ("K", "relu_equilibrium (IZR 1 / IZR 1) X K", "1 1 ltac:(easy) 1 X", "X"),
}
"""Matrix, equation, arguments and name of the data, of each module that checks a bound."""
N = "[0-9]+"
REMARKS = (
    rf"{N} points in dimension {N}, times {N}"
    rf"(?:\.|\. Only their directions count\.|; the rate is 1 / \(2 s\^2\) for s = {N}(?:/{N})? times {N}\.)"
    rf"|The lower triangle of a symmetric matrix of order {N}, times the integer {N}\."
)
"""The sentences that may say what the data are; a file with another one is none of ours."""


def bare(text: str) -> str:
    """The text with each number, list and table of numbers as one 0, without the remark on the data.

    >>> bare("[" + "[1;-2];" + chr(10) + "[3]] (-5) (2 ^ 60)")
    '[] 0 (0 ^ 0)'
    """
    text = re.sub(r"\[\s*-?[0-9]+(?:\s*;\s*-?[0-9]+)*\s*\]", "[]", text)
    text = re.sub(r"\[\s*\[\](?:\s*;\s*\[\])*\s*\]", "[]", text)
    text = re.sub(rf"\n\(\*\* (?:{REMARKS}) \*\)\nDefinition", "\nDefinition", text, count=1)
    return re.sub(r"\(-[0-9]+\)|(?<![A-Za-z0-9_])[0-9]+(?![A-Za-z0-9_])", "0", text)


def skeletons() -> dict[str, tuple[str, str]]:
    """Each text that :func:`bare` can leave of an exported file, with its module and backend."""
    found = {}
    for module, (matrix, equation, arguments, name) in MODULES.items():
        for key, backend in BACKENDS.items():
            for rows in ([[1]], [[1 << 70]]):  # machine integers or not
                found[bare(_sample(module, matrix, equation, arguments, name, rows, backend))] = module, key
    return found


def _sample(
    module: str, matrix: str, equation: str, arguments: str, name: str, rows: list[list[int]], how: Backend
) -> str:
    remark = "1 points in dimension 1, times 1."
    about = FormalSubject(module, matrix, equation, arguments, name, rows, remark, Fraction(1))
    return written(about, FormalWitness([[1]], 1, [1]), how, Fraction(1), Fraction(1))


def recognised(text: str) -> tuple[str, str] | None:
    """The module and the backend of a file that differs from an exported one in numbers only; else None."""
    return skeletons().get(bare(text))
