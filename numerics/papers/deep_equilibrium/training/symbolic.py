r"""The gradient formulas by implicit differentiation, symbolically, for two neurons, two inputs and dimension two.

Differentiating :math:`z = \varphi(Wz + Ux)` gives :math:`(I - DW)\dot z = D(\dot W z + \dot U x)` with free slopes D;
:math:`\dot y = a^\top\dot z + \dot a^\top z` is compared with :math:`\delta = D(I - W^\top D)^{-1}a` parameter by
parameter, and the inner products of the gradients with the formula of H. Exact identities of rational functions.
"""

from __future__ import annotations

from functools import cache

import sympy


@cache
def gradient_identities(*, transposed: bool = True) -> dict[str, sympy.Expr]:
    """The differences of both sides, by name, all cancelled: 0 for an identity.

    ``transposed`` False plants W in place of its transpose in the adjoint equation.

    >>> set(gradient_identities().values())
    {0}
    """
    w = sympy.Matrix(2, 2, sympy.symbols("w11 w12 w21 w22"))
    a = sympy.Matrix(sympy.symbols("a1 a2"))
    x = [sympy.Matrix(sympy.symbols(f"x{i}1 x{i}2")) for i in (1, 2)]
    z = [sympy.Matrix(sympy.symbols(f"z{i}1 z{i}2")) for i in (1, 2)]
    d = [sympy.diag(*sympy.symbols(f"d{i}1 d{i}2")) for i in (1, 2)]
    e = sympy.symbols("e1 e2")
    eye = sympy.eye(2)
    adjoint = w.T if transposed else w
    delta = [d_i * (eye - adjoint * d_i).inv() * a for d_i in d]
    found: dict[str, sympy.Expr] = {}
    gradients: list[list[sympy.Expr]] = []
    for i in range(2):
        forward = (eye - d[i] * w).inv() * d[i]
        for j in range(2):
            unit = eye[:, j]
            for k in range(2):
                moved = (a.T * forward * unit)[0]
                found[f"dy{i + 1}/dW{j + 1}{k + 1}"] = sympy.cancel(moved * z[i][k] - delta[i][j] * z[i][k])
                found[f"dy{i + 1}/dU{j + 1}{k + 1}"] = sympy.cancel(moved * x[i][k] - delta[i][j] * x[i][k])
        v = sympy.Matrix(sympy.symbols(f"v{i + 1}1 v{i + 1}2"))  # delta_i, now a symbol of its own
        gradients.append([*(v * z[i].T), *(v * x[i].T), *z[i]])
    v1, v2 = (sympy.Matrix(sympy.symbols(f"v{i}1 v{i}2")) for i in (1, 2))
    v = [v1, v2]
    h = sympy.Matrix(2, 2, lambda i, j: sum(p * q for p, q in zip(gradients[i], gradients[j], strict=True)))
    formula = sympy.Matrix(2, 2, lambda i, j: z[i].dot(z[j]) + (z[i].dot(z[j]) + x[i].dot(x[j])) * v[i].dot(v[j]))
    for i in range(2):
        for j in range(2):
            found[f"H{i + 1}{j + 1}"] = sympy.expand(h[i, j] - formula[i, j])
        flow = -sum(  # dy_i/dt along theta' = -sum_j e_j grad y_j
            p * sum(e[j] * gradients[j][k] for j in range(2)) for k, p in enumerate(gradients[i])
        )
        found[f"dy{i + 1}/dt"] = sympy.expand(flow + sum(formula[i, j] * e[j] for j in range(2)))
    return found
