"""Which claims rest on the lemmas that papers share."""

from __future__ import annotations


def both(*slugs: str) -> tuple[str, ...]:
    """The claims with these slugs of both systems of equilibrium models.

    >>> both("psd-order")
    ('deq-general.psd-order', 'deq-relu.psd-order')
    """
    return tuple(f"{system}.{slug}" for slug in slugs for system in ("deq-general", "deq-relu"))


ARGUMENTS = {
    "lemma.mehler": both("mehler", "lower-bound-correlation"),
    "lemma.price": both("price"),
    "lemma.nngp-to-ntk": both("nngp-to-ntk"),
    "lemma.schur-order": both("psd-order", "lower-bound-correlation"),
    "lemma.pl-descent": both("gradient-descent", "made-descent"),
    "lemma.pl-flow": both("gradient-flow", "made-flow"),
}
