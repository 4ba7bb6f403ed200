r"""Strategies for activations: the catalogue, and random expressions composed from the grammar."""

from __future__ import annotations

from typing import Any

from ..theory.activations.activation import Activation, activation
from ._hypothesis import strategies

_SMOOTH = ("tanh", "erf", "sin", "cos", "atan", "sigmoid", "gelu", "silu", "normal_cdf", "softplus", "mish", "asinh")
_CATALOGUE = (
    *("tanh", "erf", "sigmoid", "softplus", "normal_cdf", "sin", "cos", "atan", "gelu", "silu", "mish"),
    *("relu", "abs", "softsign", "hard_tanh", "selu", "leaky_relu(1/10)", "elu", "elu(1/2)", "gaussian", "identity"),
)
_NOT_LIPSCHITZ = ("step", "sign", "hermite(3)", "hermite(4)", "monomial(2)")


def catalogue_names(*, lipschitz: bool = False) -> Any:
    """Names of the catalogue whose activations are square-integrable at every variance.

    With ``lipschitz=True`` only those with a finite Lipschitz constant: the ones that a deep equilibrium model admits.
    """
    return strategies().sampled_from(_CATALOGUE if lipschitz else _CATALOGUE + _NOT_LIPSCHITZ)


def expressions(*, max_terms: int = 2, lipschitz: bool = False) -> Any:
    r"""Texts of functions of ``x`` that are square-integrable at every variance.

    Sums and products of bounded or linearly growing functions at affine arguments with rational coefficients: smooth
    ones, kinks at rational points, Gaussian factors; unless ``lipschitz``, also jumps and polynomial factors.

    >>> from hypothesis import given
    >>> from certigram.testing.numbers import reproducible
    >>> @reproducible(max_examples=20)
    ... @given(expressions())
    ... def parses(text):
    ...     assert activation(text).expression.free_symbols <= {activation("x").expression}
    >>> parses()
    """
    st = strategies()
    small = st.integers(-12, 12).filter(bool).map(lambda k: f"{k}/4")
    shifts = st.integers(-6, 6).map(lambda k: f"{k}/3")
    affine = st.builds(lambda a, b: f"({a})*x+({b})", small, shifts)
    arguments = st.one_of(st.just("x"), affine)
    smooth = st.builds(lambda f, u: f"{f}({u})", st.sampled_from(_SMOOTH), arguments)
    kinked = st.one_of(
        st.builds(lambda u, c: f"Max({u}, {c})", arguments, shifts),
        st.builds(lambda u, c, d: f"Max(Min({u}, {c}), {d})", arguments, shifts, shifts),
        st.builds(lambda u: f"abs({u})", arguments),
    )
    gaussians = st.builds(lambda k, n: f"x**{n}*exp(-x**2/{k})", st.integers(1, 8), st.integers(0, 3))
    bounded = st.builds(lambda f, u: f"{f}({u})", st.sampled_from(("tanh", "erf", "sin", "cos", "sigmoid")), arguments)
    atoms = [smooth, kinked, gaussians, st.builds("{}*{}".format, bounded, gaussians)]
    if not lipschitz:
        jumps = st.builds(lambda f, u: f"{f}({u})", st.sampled_from(("Heaviside", "sign")), arguments)
        powers = st.builds(lambda n, f: f"x**{n}*{f}", st.integers(1, 3), st.one_of(bounded, jumps))
        atoms += [jumps, powers, st.builds("{}*{}".format, bounded, smooth)]
    terms = st.builds(lambda c, atom: f"({c})*{atom}", small, st.one_of(atoms))
    return st.lists(terms, min_size=1, max_size=max_terms).map(" + ".join)


def activations(*, max_terms: int = 2, lipschitz: bool = False) -> Any:
    """Activations: members of the catalogue and random expressions, see :func:`expressions`.

    >>> from hypothesis import given
    >>> from certigram.testing.numbers import reproducible
    >>> @reproducible(max_examples=10)
    ... @given(activations(lipschitz=True))
    ... def has_a_parity(phi):
    ...     assert phi.parity in ("even", "odd", None)
    >>> has_a_parity()
    """
    st = strategies()
    texts = st.one_of(catalogue_names(lipschitz=lipschitz), expressions(max_terms=max_terms, lipschitz=lipschitz))
    return texts.map(_built)


def _built(text: str) -> Activation:
    return activation(text)
