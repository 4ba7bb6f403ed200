r"""What a certificate carries so that a stranger can check it: data, coefficient balls, a factor and a vector.

Nothing here is proved; :mod:`certigram.numerics.replay` proves it from the file alone. Radii are therefore as wide as
its test of the series asks for, and shifts are estimates. The format: ``docs/certificate-format.md``.
"""

from __future__ import annotations

import math
from contextlib import suppress
from fractions import Fraction
from hashlib import sha256
from typing import Any

import numpy as np
import sympy
from flint import arb
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_solve, cholesky

from ....theory.activations.functions import X, normal_cdf, sigmoid, softplus
from ....theory.errors import DerivationGap
from ...balls.ball import exact
from ...balls.enclosure import Enclosure
from ...balls.ends import upper_float
from ...balls.precision import undisturbed
from ...certificates.certificate import Proof, fraction_text
from ...eigenvalues.inverse_iteration import start_vector
from ...eigenvalues.nullspace import NullVector
from ...hermite import hermite_transform
from ...kernels.series import DotProductSeries
from ...replay.activations import parse
from ...replay.certificate import FORMAT
from ...replay.inputs import MAX_GRAM, MAX_POINTS
from ...replay.series import prove_series
from ...replay.spectrum import MAX_LIMBS
from ...replay.verdicts import UNSUPPORTED, Stop
from .population.kernel import EquilibriumKernel
from .population.model import FLOAT_BITS, FLOAT_TARGET, Population

DIGIT = 62
"""Bits of one digit of the long integers in the arrays."""
WIDTH = 1e-6
"""Relative loss of a bound at which longer integers are used."""
ROUNDS = 4
"""Steps of inverse iteration."""
GROWTH = 5
"""How often radii that the checker does not accept are tried again, 64 times wider."""

NAMED = {
    sympy.tanh: "tanh",
    sympy.atan: "atan",
    sympy.erf: "erf",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sigmoid: "sigmoid",
    softplus: "softplus",
    normal_cdf: "phi",
}


def checkable_expression(expression: sympy.Expr) -> str:
    r"""An activation in the grammar of the checker: terms ``c*f(a*x)``, ``c*x**0`` and ``c*x**1``.

    Raises :class:`DerivationGap` when it is not such a sum.

    >>> checkable_expression(sympy.tanh(2 * X) / 3 + X)
    '1*x**1 + 1/3*tanh(2*x)'
    """
    terms = [_term(term) for term in sympy.Add.make_args(sympy.expand(expression.replace(sympy.Min, _minimum)))]
    return " + ".join(sorted(terms))


def _minimum(*args: sympy.Expr) -> sympy.Expr:
    return -sympy.Max(*(-a for a in args))


def _term(term: sympy.Expr) -> str:
    coefficient, factors = term.as_coeff_Mul()
    c = _rational(coefficient)
    if factors.is_Pow or factors == X or factors == 1:
        base, power = factors.as_base_exp() if factors != 1 else (X, sympy.Integer(0))
        if base == X and power in (0, 1):
            return f"{fraction_text(c)}*x**{power}"
    extra, function = sympy.Integer(1), factors
    if factors.is_Mul and len(factors.args) == 2 and X in factors.args:
        function = next(a for a in factors.args if a != X)
        extra = X
    name = NAMED.get(function.func) if extra == 1 else {normal_cdf: "gelu", sigmoid: "silu"}.get(function.func)
    argument = function.args[0] if function.args else X
    if extra == 1 and function.func is sympy.Max and len(function.args) == 2 and sympy.S.Zero in function.args:
        name, argument = "relu", next(a for a in function.args if a != 0)
    if function.func is sympy.exp:
        steepness = sympy.cancel(-2 * argument / X**2)  # exp(-(ax)^2/2)
        if steepness.is_positive:
            name, argument = "gaussian" if extra == 1 else "xgaussian", sympy.sqrt(steepness) * X
    if extra == 1 and function.func is sympy.Abs:
        slope = fraction_text(_rational(sympy.cancel(argument / X)))
        back = fraction_text(-Fraction(slope))
        return f"{fraction_text(c)}*relu({slope}*x) + {fraction_text(c)}*relu({back}*x)"
    if name is None:
        raise DerivationGap(f"the checker has no rule for {sympy.sstr(term)}.")
    a = _rational(sympy.cancel(argument / X))
    c = c if extra == 1 else c / a
    return f"{fraction_text(c)}*{name}({fraction_text(a)}*x)"


def _rational(value: sympy.Expr) -> Fraction:
    if not value.is_Rational:
        raise DerivationGap(f"the checker has no rule for the irrational number {sympy.sstr(value)}.")
    return Fraction(int(value.p), int(value.q))


@undisturbed
def equilibrium_proof(
    inst: Population, found: Enclosure, *, bound: Fraction = Fraction(0), relation: str = ">"
) -> Proof:
    """The checkable part of a certificate about the least eigenvalue of ``inst``, which ``found`` encloses.

    ``bound`` and ``relation`` are the claim that the verdict is about. Raises :class:`DerivationGap` when the checker
    has no rule for the activation or the data, or when nothing is proved.
    """
    if inst.inputs.common_norm is None:
        raise DerivationGap("the checker has rules for inputs of one norm only.")
    if inst.data.source.n > (MAX_GRAM if inst.data.points is None else MAX_POINTS):
        raise DerivationGap(f"the checker takes at most {MAX_POINTS} points, or {MAX_GRAM} rows of inner products.")
    if inst.data.points is not None and inst.data.points.exact:
        raise DerivationGap(
            "the checker reads points of binary64 numbers, and some of these are none: read the"
            ' file with numbers = "binary64", give float64, or write fewer digits.'
        )
    expression = checkable_expression(inst.activation.expression)
    slope = parse(expression)[2]
    if 2 * inst.sigma_w2 * slope**2 >= 1:
        raise DerivationGap("the checker's bound of the Lipschitz constant does not prove that the maps contract.")
    kernel: dict[str, Any] = {
        "activation": expression,
        "sigma_w2": fraction_text(inst.sigma_w2),
        "lipschitz": fraction_text(slope),
    }
    source = inst.data
    gram = None if source.input_gram is None else [[fraction_text(q) for q in row] for row in source.input_gram.entries]
    arrays: dict[str, NDArray[Any]] = {}
    if source.points is not None:
        arrays["points"] = np.ascontiguousarray(source.points.values, dtype="<f8")
    content = f"{source.normalize}|{source.n}|{source.d}|".encode()
    content += arrays["points"].tobytes() if gram is None else ";".join(map(",".join, gram)).encode()
    if sha256(content).hexdigest() != source.digest:
        raise DerivationGap("the checker takes points as float64 numbers, or exact inner products: not these data.")
    document: dict[str, Any] = {
        "format": FORMAT,
        "system": inst.system,
        "statement": {"lower": "0", "upper": "0", "relation": relation, "bound": fraction_text(bound)},
        "data": {
            "n": source.n,
            "d": source.d,
            "normalize": source.normalize,
            "sha256": source.digest,
            "description": source.description,
            "input_gram": gram,
        },
        "kernel": kernel,
    }
    singular = inst.null_vector
    if singular is not None:
        entries = singular.entries if isinstance(singular, NullVector) else None
        vector = None if entries is None else {str(i): fraction_text(x) for i, x in enumerate(entries) if x}
        document["witness"] = {"kind": "singular", "null_vector": vector}
        return Proof(document, arrays)
    if not found.lower > 0:
        raise DerivationGap("no positive lower bound is proved.")
    return _with_factor(inst, found, document, arrays, bound)


def _with_factor(
    inst: Population,
    found: Enclosure,
    document: dict[str, Any],
    arrays: dict[str, NDArray[Any]],
    bound: Fraction,
) -> Proof:
    lower, upper = Fraction(found.lower), Fraction(found.upper)
    needed = Fraction(WIDTH) * lower
    if lower >= bound:  # what is stated must still reach the bound
        needed = max(min(needed, (lower - bound) / 2), lower / 2**64)
    size, n, attempt = float(np.max(np.diagonal(inst.gram.mid))), inst.data.n, None
    with suppress(DerivationGap):  # of what 64 bits do not resolve, more may
        series, spread = _series(inst, document["kernel"], 1)
        attempt = _float_witness(inst, lower, needed, spread)
    digits = math.log2(max(size, 1.0) * n * n) - math.log2(float(needed)) + 24
    limbs, gap = max(2, math.ceil(digits / 64)), ""
    while attempt is None:
        if limbs > MAX_LIMBS:
            raise DerivationGap(gap or f"the bound asks for {64 * limbs} bits, the checker takes {64 * MAX_LIMBS}.")
        try:
            series, spread = _series(inst, document["kernel"], limbs)
            attempt = _integer_witness(inst, lower, limbs, spread)
        except DerivationGap as error:
            limbs, gap = limbs + 1, str(error)
    shift, stated, quotient, factor, vector, exponent, limbs = attempt
    if stated < bound <= lower:
        raise DerivationGap("the bound is nearer to the least eigenvalue than the checker's arithmetic resolves.")
    document["statement"]["lower"] = fraction_text(stated)
    document["statement"]["upper"] = fraction_text(max(upper, quotient))
    document["kernel"].update(series)
    document["witness"] = {"kind": "factor", "shift": fraction_text(shift), "exponent": exponent}
    arrays["factor"], arrays["vector"] = _digits(factor, limbs), _digits(vector, limbs)
    return Proof(document, arrays)


Attempt = tuple[Fraction, Fraction, Fraction, list[int], list[int], int, int]


def _float_witness(inst: Population, lower: Fraction, needed: Fraction, spread: Fraction) -> Attempt | None:
    """Factor, shift and vector from float64; None when its rounding would cost more than ``needed``.

    ``spread`` is the largest sum of the radii of a row of the checker's matrix: what a bound loses at least.
    """
    a, n = inst.gram.mid, inst.data.n
    shift, lost = float(lower - needed / 4), 0.0
    for _ in range(2):  # the second time as near to the bound as the rounding of the first time allows
        try:
            factor = cholesky(a - shift * np.eye(n), lower=True)
        except LinAlgError:
            return None
        size = np.abs(factor)
        lost = (n + 4) * 2.0**-53 * float(np.max(size @ (size.T @ np.ones(n)))) + 2 * inst.gram.radius_norm()
        lost += 2 * float(spread)
        shift = max(shift, float(lower - Fraction(lost) / 2)) if lost < float(needed) / 2 else shift
    if shift - lost < float(lower - needed):
        return None
    v = start_vector(n)
    for _ in range(ROUNDS):
        v = cho_solve((factor, True), v)
        v = v / np.max(np.abs(v))
    wide = v.astype(np.longdouble)
    quotient = Fraction(*((wide @ (a @ wide)) / (wide @ wide)).as_integer_ratio()) + Fraction(lost)
    exponent = min(62 - max(math.frexp(float(size.max()))[1], 0), 60)
    if exponent < 0:
        return None
    rows, columns = np.tril_indices(n)
    scaled = np.rint(np.ldexp(factor[rows, columns], exponent)).astype(np.int64)
    vector = np.rint(np.ldexp(v, 52)).astype(np.int64)
    stated = Fraction(shift) - Fraction(lost)
    return Fraction(shift), stated, quotient, scaled.tolist(), vector.tolist(), exponent, 1


def _integer_witness(inst: Population, lower: Fraction, limbs: int, spread: Fraction) -> Attempt:
    """The same in integers of 64 bits times ``limbs``, for bounds that float64 cannot resolve."""
    n, bits = inst.data.n, 64 * limbs
    matrix = inst.refine(bits + 32).arb
    assert matrix is not None  # refine computes in ball arithmetic
    one = 1 << bits
    a = [[round(exact(matrix[i, j].mid()) * one) for j in range(i + 1)] for i in range(n)]
    largest = 2 + max(a[i][i] for i in range(n)) // one
    lost = 2 * spread + Fraction(n * n * largest << 6, one)
    shift = lower + lost
    rows = _integer_cholesky(a, round(shift * one), bits)
    if rows is None:
        shift = lower - lost
        rows = _integer_cholesky(a, round(shift * one), bits)
    if rows is None:
        raise DerivationGap("the shifted matrix was not factorised at the precision of the certificate.")
    v = [round(x * one) for x in start_vector(n).tolist()]
    exponent = DIGIT * limbs - 4 - max(row[-1] for row in rows).bit_length() + bits
    if not 0 <= exponent <= bits + 64:
        exponent = min(max(exponent, 0), bits)
    for _ in range(ROUNDS):
        for i in range(n):
            v[i] = ((v[i] << bits) - sum(x * y for x, y in zip(rows[i][:i], v, strict=False))) // rows[i][i]
        for i in reversed(range(n)):
            v[i] = ((v[i] << bits) - sum(rows[k][i] * v[k] for k in range(i + 1, n))) // rows[i][i]
        top = max(map(abs, v))
        v = [(x << DIGIT * limbs - 8) // top for x in v]
    form = sum(v[i] * (2 * sum(x * y for x, y in zip(a[i][:i], v, strict=False)) + a[i][i] * v[i]) for i in range(n))
    quotient = Fraction(form, sum(x * x for x in v) << bits) + lost
    scaled = [x << exponent - bits if exponent > bits else x >> bits - exponent for row in rows for x in row]
    return shift, shift - lost, quotient, scaled, v, exponent, limbs


def _integer_cholesky(a: list[list[int]], shift: int, bits: int) -> list[list[int]] | None:
    """Rows of a Cholesky factor of the lower triangle ``a - shift I`` at scale 2^-bits; None when a pivot fails."""
    rows: list[list[int]] = []
    for i, given in enumerate(a):
        row: list[int] = []
        for j in range(i):
            row.append(((given[j] << bits) - sum(x * y for x, y in zip(row, rows[j], strict=False))) // rows[j][j])
        pivot = ((given[i] - shift) << bits) - sum(x * x for x in row)
        if pivot <= 0:
            return None
        rows.append([*row, math.isqrt(pivot)])
    return rows


def _digits(values: list[int], limbs: int) -> NDArray[np.int64]:
    """Signed integers as ``limbs`` digits to the base 2^62, the last one signed: (limbs, len(values))."""
    mask = (1 << DIGIT) - 1
    digits = [[x >> DIGIT * k & mask for x in values] for k in range(limbs - 1)]
    digits.append([x >> DIGIT * (limbs - 1) for x in values])
    return np.array(digits, dtype="<i8").reshape(limbs, len(values))


def _kernel(inst: Population, limbs: int) -> EquilibriumKernel:
    """The equilibrium kernel with the terms and the digits that integers of ``limbs`` digits deserve."""
    if limbs == 1:
        if not inst.reach < inst.inputs.separation:
            return inst.float_kernel
        return inst.kernel(max(inst.order_for(FLOAT_TARGET, FLOAT_BITS, individually=False), 8), FLOAT_BITS)
    return inst.kernel(max(inst.order_for(arb((1, -64 * limbs)), 64 * limbs, individually=False), 8), 64 * limbs + 32)


def _series(inst: Population, claim: dict[str, Any], limbs: int) -> tuple[dict[str, Any], Fraction]:
    """Balls of coefficients, mass and variance that the checker accepts, and the largest row sum of radii they cost.

    The radii begin at an estimate of the checker's own error, and grow until its own test of the series passes. Raises
    :class:`DerivationGap` when it does not.
    """
    bits, v, kernel = 64 * limbs, 2 * (inst.inputs.common_norm or 0), _kernel(inst, limbs)
    why = ""
    for grown in range(GROWTH):
        found = _balls(inst, kernel, bits, _room(inst) * 64.0**grown)
        try:
            balls, (_, off), tail = prove_series({**claim, **found}, Fraction(v), bits)
        except Stop as stop:
            why = f"{stop.args[1]}: {stop.args[2]}"
            if stop.args[0] == UNSUPPORTED:
                break
        else:
            radius, reach = tail, Fraction(1.0 if inst.inputs.parallel else min(inst.inputs.separation, 1.0))
            for _, r in reversed(balls):
                radius = math.ceil(radius * reach) + r
            radius += 4 * len(balls) * (sum(abs(m) for m, _ in balls) // 2**bits + 3)
            return found, Fraction(off + inst.data.n * radius, 2**bits)
    raise DerivationGap(f"the checker's arithmetic does not resolve this kernel ({why}).")


def _balls(inst: Population, kernel: EquilibriumKernel, bits: int, room: float) -> dict[str, Any]:
    one = 1 << bits
    s, q = kernel.fixed_point.s, kernel.fixed_point.q
    size = upper_float(q)
    extra = _beyond(inst, kernel.series, kernel.correlation, float(one))
    coefficients = []
    for k, more in zip(kernel.series.coefficients, extra, strict=True):
        if k.is_zero() and inst.activation.parity == "odd":
            coefficients.append(["0", "0"])
            continue
        mid, rad = exact(k.mid()), exact(k.rad())
        radius = math.ceil((4 + 64 * size + 2 * more + float(rad * one) * 2) * room)
        coefficients.append([str(round(mid * one)), str(radius)])
    wide, off = 1 << 2 * bits, Fraction(room * upper_float(s)) * 2 ** (bits + 8)
    return {
        "s": [str(round(exact(s.mid()) * wide)), str(math.ceil(off) + 1 + _units(s.rad(), wide))],
        "mass": [str(round(exact(q.mid()) * one)), str(math.ceil((4 + 1024 * size) * room) + _units(q.rad(), one))],
        "coefficients": coefficients,
    }


def _units(radius: arb, one: int) -> int:
    return math.ceil(exact(radius) * one)


def _room(inst: Population) -> float:
    """By how much the fixed points amplify an error: 1 / (1 - theta)."""
    slope = float(parse(checkable_expression(inst.activation.expression))[2])
    return 1 / (1 - math.sqrt(2 * float(inst.sigma_w2)) * slope)


def _beyond(inst: Population, series: DotProductSeries, correlation: DotProductSeries, scale: float) -> list[float]:
    """What Hermite orders beyond the checker's own may add to each coefficient, in units of ``1 / scale``."""
    order = series.order
    if inst.activation.parity == "odd" or correlation.coefficients[0].is_zero():
        return [0.0] * (order + 1)
    many = (order + 1) * 3 // 2 + 32
    tail = upper_float(hermite_transform(inst.activation, many, exact(inst.fixed_point.s.mid()), 64).tail)
    p = np.array([float(b) for b in correlation.coefficients])
    power, factor, k = np.zeros(order + 1), p, many + 1
    power[0] = 1.0
    while k:
        power = np.convolve(power, factor)[: order + 1] if k & 1 else power
        factor, k = np.convolve(factor, factor)[: order + 1], k >> 1
    return [float(x) * tail * scale for x in np.maximum.accumulate(power)]
