"""The gradient formulas against symbolic differentiation: ``docs/papers/implicit_relu/proofs.md``, "Gradients"."""

from __future__ import annotations

import itertools
from functools import cache

import sympy


@cache
def gradient_differences(*, transposed: bool = True) -> tuple[tuple[str, sympy.Expr], ...]:
    r"""Symbolic derivatives of :math:`\hat y = u^\top z + v^\top\varphi` minus the formulas, for all sign patterns.

    m = d = 2: on each region of fixed signs z and φ are rational functions of the weights, so each difference is an
    identity of rational functions. ``transposed=False`` plants A in place of its transpose in the adjoint equation.
    """
    m = 2
    g = sympy.Symbol("gamma")
    A, W = (sympy.Matrix(m, m, sympy.symbols(f"{name}0:{m * m}")) for name in "AW")
    u, v, x = (sympy.Matrix(sympy.symbols(f"{name}0:{m}")) for name in "uvx")
    left: list[tuple[str, sympy.Expr]] = []
    for D, E in itertools.product((sympy.diag(*signs) for signs in itertools.product((0, 1), repeat=m)), repeat=2):
        equation = sympy.eye(m) - g * D * A
        phi = E * W * x  # times m^(-1/2), which factors out of every formula
        z = equation.adjugate() * D * phi / equation.det()
        q = D * (sympy.eye(m) - g * (A.T if transposed else A) * D).inv() * u
        value = (u.T * z + v.T * phi)[0]
        formulas = {"u": (u, z), "v": (v, phi), "A": (A, g * q * z.T), "W": (W, E * (q + v) * x.T)}
        for name, (variables, formula) in formulas.items():
            for difference in sympy.diff(value, variables) - formula:
                where = f"{name}, D = {tuple(D.diagonal())}, E = {tuple(E.diagonal())}"
                left.append((where, sympy.expand(sympy.numer(sympy.together(difference)))))
    return tuple(left)
