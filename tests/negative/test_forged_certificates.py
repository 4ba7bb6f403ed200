"""A failure here means that the checker says VALID to a falsehood, or INVALID to a truth, at some scale of the kernel.

Truths are computed twice: by the prover, and here, with nothing of it, by mpmath. Forgeries are as good as a forger can
make them: for a series that is not the kernel's, the best shift, factor and vector for the matrix that the checker
makes of it.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

import certigram as cg
from certigram.numerics import replay
from certigram.numerics.certificates.certificate import fraction_text
from certigram.numerics.eigenvalues.witness import digits, integer_cholesky
from certigram.numerics.replay import series as checked_series
from certigram.numerics.replay import transform
from certigram.numerics.replay.activations import KNOWN, parse
from certigram.numerics.replay.inputs import inputs
from certigram.numerics.replay.matrix import matrix
from certigram.theory.errors import CertigramError

Document = dict[str, Any]
Arrays = dict[str, np.ndarray]
Outcome = Callable[[Any, Any], tuple[replay.Check, float]]
Terms = list[tuple[Fraction, str, Fraction]]
DIGITS, ORDERS = 32, 150
SMOOTH = ("tanh", "atan", "sin", "cos", "sigmoid", "silu", "softplus", "phi", "gelu", "erf", "gaussian", "xgaussian")
FUNCTIONS = {
    "one": lambda x: x * 0 + 1,
    "id": lambda x: x,
    "tanh": mpmath.tanh,
    "atan": mpmath.atan,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "silu": lambda x: x / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "phi": mpmath.ncdf,
    "gelu": lambda x: x * mpmath.ncdf(x),
    "erf": mpmath.erf,
    "gaussian": lambda x: mpmath.exp(-x * x / 2),
    "xgaussian": lambda x: x * mpmath.exp(-x * x / 2),
}
WRITTEN = {
    "one": "{c}",
    "id": "{c}*{a}*x",
    "phi": "{c}*normal_cdf({a}*x)",
    "relu": "{c}*max({a}*x, 0)",
    "silu": "{c}*{a}*x*sigmoid({a}*x)",
    "gelu": "{c}*{a}*x*normal_cdf({a}*x)",
    "gaussian": "{c}*exp(-({a}*x)**2/2)",
    "xgaussian": "{c}*{a}*x*exp(-({a}*x)**2/2)",
}


@dataclass(frozen=True)
class Setting:
    """An activation sum c f(ax), a weight variance, and the Gram matrix of inputs of one norm."""

    terms: Terms
    sigma_w2: Fraction
    gram: list[list[Fraction]]

    @property
    def text(self) -> str:
        forms = ((WRITTEN.get(f, f"{{c}}*{f}({{a}}*x)"), c, a) for c, f, a in self.terms)
        return " + ".join(form.format(c=f"({c})", a=f"({a})") for form, c, a in forms)


def mp(q: Fraction) -> mpmath.mpf:
    return mpmath.mpf(q.numerator) / q.denominator


def exact(value: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = mpmath.mpf(value)._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** exponent


def kernel(setting: Setting) -> tuple[mpmath.mpf, Callable[[mpmath.mpf], mpmath.mpf]]:
    """The variance s of the equilibrium and kappa(rho) = E phi(sqrt(s) u) phi(sqrt(s) v) at correlation rho."""
    w, v = 2 * mp(setting.sigma_w2), 2 * mp(setting.gram[0][0])
    if {f for _, f, _ in setting.terms} <= {"relu", "id"}:  # cx + e|x|
        e = mp(sum((c * abs(a) / 2 for c, f, a in setting.terms if f == "relu"), Fraction(0)))
        c = mp(sum((c * a / (2 if f == "relu" else 1) for c, f, a in setting.terms), Fraction(0)))
        s = v / (1 - w * (c * c + e * e))
        return s, lambda r: s * (c * c * r + e * e * 2 / mpmath.pi * (mpmath.sqrt(1 - r * r) + r * mpmath.asin(r)))
    scaled = [(mp(c), FUNCTIONS[f], mp(a)) for c, f, a in setting.terms]
    steep = max(1, max(abs(float(a)) for _, _, a in setting.terms) * float(mpmath.sqrt(v)) * 1.5)
    count = int(12 * 10 * min(steep, 6))
    nodes = [mpmath.mpf(12 * j) / count for j in range(-count, count + 1)]
    weights = [mpmath.npdf(x) * 12 / count for x in nodes]

    def values(sigma: mpmath.mpf) -> list[mpmath.mpf]:
        return [sum((c * f(a * sigma * x) for c, f, a in scaled), mpmath.mpf(0)) for x in nodes]

    def variance(sigma: mpmath.mpf) -> mpmath.mpf:
        return v + w * mpmath.fsum(g * y * y for g, y in zip(weights, values(sigma), strict=True))

    first, second = mpmath.sqrt(v), mpmath.sqrt(variance(mpmath.sqrt(v)) if w else v)
    for _ in range(60 if w else 0):  # secant steps for sigma = sqrt(variance(sigma))
        a, b = mpmath.sqrt(variance(first)) - first, mpmath.sqrt(variance(second)) - second
        if a == b or abs(b) < mpmath.mpf(10) ** (3 - DIGITS) * second:
            break
        first, second = second, second - b * (second - first) / (b - a)
    at = values(second)
    top, one = max(map(abs, at)), 1 << 128  # from here on in integers: the recursion of the Hermite polynomials
    x, g, y = (np.array([int(t * one) for t in row], dtype=object) for row in (nodes, weights, [t / top for t in at]))
    mass = mp(Fraction(int((g * y * y).sum()), one**3)) * top**2
    squares, before, hermite = [], x * 0, x * 0 + one
    for r in range(ORDERS):
        squares.append((mp(Fraction(int((g * y * hermite).sum()), one**3)) * top) ** 2)
        k, m = (int(mpmath.sqrt(q) * one) for q in (r, mpmath.mpf(1) / (r + 1)))
        before, hermite = hermite, (x * hermite - k * before) * m >> 256
    rest = mass - mpmath.fsum(squares)

    def kappa(rho: mpmath.mpf) -> mpmath.mpf:
        if abs(rest * rho**ORDERS) > mass * mpmath.mpf(10) ** -20 and rho != 1:
            raise ArithmeticError("the series is too short for this correlation")
        return mass if rho == 1 else mpmath.polyval(squares[::-1], rho)

    return second**2, kappa


def truth(setting: Setting) -> tuple[mpmath.mpf, mpmath.mpf]:
    """The least eigenvalue, and the largest entry."""
    s, kappa = kernel(setting)
    w, v, n = 2 * mp(setting.sigma_w2), 2 * mp(setting.gram[0][0]), len(setting.gram)
    K = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(i + 1):
            c = mp(setting.gram[i][j] / setting.gram[0][0])
            rho = c
            for _ in range(400 if i != j and w else 1):
                moved = (w * kappa(rho) + v * c) / s
                if abs(moved - rho) < mpmath.mpf(10) ** (2 - DIGITS):
                    break
                rho = moved
            K[i, j] = K[j, i] = kappa(mpmath.mpf(1) if i == j else rho)
    return min(mpmath.eigsy(K, eigvals_only=True)), K[0, 0]


def random_setting(rng: random.Random) -> Setting:
    """Scales from 1e-9 to 1e9, a contraction from 0 to 99/100, two to four inputs of any norm."""
    n, size = rng.randrange(2, 5), Fraction(10) ** rng.choice([-18, -6, -1, 0, 0, 0, 1, 6, 18])
    gram = [[size if i == j else Fraction(0) for j in range(n)] for i in range(n)]
    for i in range(n):
        for j in range(i):
            gram[i][j] = gram[j][i] = size * Fraction(rng.randrange(-600, 601), 1000 * (n - 1))
    slope, terms = Fraction(0), []
    pool = ["relu", "relu", "id"] if rng.random() < 0.25 else [*SMOOTH, "one", "id"]
    scale = Fraction(10) ** rng.choice([-9, -3, 0, 0, 0, 3, 9]) * Fraction(rng.randrange(1, 40), 16)
    while slope == 0:
        terms = []
        for f in rng.sample(pool, rng.randrange(1, 3)):
            a = Fraction(rng.choice([-1, 1]) * rng.randrange(4, 32), 16)
            a *= 1 if f in ("relu", "id") else 1 / Fraction(float(size) ** 0.5).limit_denominator(10**12)
            c = scale * rng.choice([-1, 1]) * Fraction(rng.randrange(1, 9), 8)
            terms.append((c, f, a if f != "one" else Fraction(1)))
        slope = sum((abs(c * a) * KNOWN[f].slope for c, f, a in terms), Fraction(0))
    theta = rng.choice([Fraction(x) for x in ("0", "1/1000000000", "1/10", "1/2", "9/10", "49/50")])
    return Setting(terms, theta / 2 / slope**2, gram)


def certificate(setting: Setting, folder: Any, bound: Fraction | None = None) -> tuple[Document, Arrays] | None:
    """The certificate that the prover saves, with the bound at nine tenths of what it knows; None without a proof."""
    gram = [[str(q) for q in row] for row in setting.gram]
    K = cg.population_gram("deq-general", input_gram=gram, activation=setting.text, sigma_w2=setting.sigma_w2)
    least = Fraction(cg.least_eigenvalue(K).lower) * Fraction(9, 10)
    path = cg.certify(K, at_least=least if bound is None else bound).save(folder / "c.json")
    document = json.loads(path.read_text())
    if "proof" not in document:
        return None
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
        return document, {key: file[key] for key in file.files}


def quiet(document: Document) -> Document:
    """The certificate without the numbers of its record, so that its statement alone decides."""
    document |= {"lower": None, "upper": None, "margin": None, "evidence": [], "verdict": "UNKNOWN"}
    document.pop("prover", None)
    return document


def with_series(
    document: Document, series: list[list[int]], mass: list[int], s: list[int], limbs: int
) -> tuple[Document, Arrays] | None:
    """A certificate for these balls, with the best witness there is for the matrix that the checker makes of them."""
    document = quiet(copy.deepcopy(document))
    proof, bits = document["proof"], 64 * limbs
    one = 1 << bits
    proof["kernel"]["coefficients"] = [[str(m), str(r)] for m, r in series]
    proof["kernel"]["mass"], proof["kernel"]["s"] = [str(x) for x in mass], [str(x) for x in s]
    below = sum(max(m - r, 0) for m, r in series)
    inner = inputs(proof["data"], {}, False).inner
    rows, errors, _, _ = matrix((series, mass, max(sum(mass) - below, 0)), inner, bits)
    n = len(rows)
    K = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(i + 1):
            K[i, j] = K[j, i] = mpmath.mpf(rows[i][j]) / one
    values, vectors = mpmath.eigsy(K)
    k = min(range(n), key=lambda i: values[i])
    shift = exact(values[k]) - Fraction(1, one >> 40)
    factor = integer_cholesky(rows, int(shift * one), bits)
    if factor is None:
        return None
    exponent = bits - 16 - max(max(map(max, factor)).bit_length() - bits + 16, 0)
    vector = [int(vectors[i, k] * 2**50) for i in range(n)]
    lost = Fraction(max(errors), one) + Fraction(1, one >> 44)
    proof["statement"]["lower"] = fraction_text(shift - lost)
    proof["statement"]["upper"] = fraction_text(exact(values[k]) + lost)
    proof["witness"] = {"kind": "factor", "shift": fraction_text(shift), "exponent": max(exponent, 0)}
    scaled = [x >> bits - max(exponent, 0) for row in factor for x in row]
    return document, {"factor": digits(scaled, limbs), "vector": digits(vector, limbs)}


def forgeries(
    document: Document, arrays: Arrays, rng: random.Random, value: Fraction
) -> Iterator[tuple[str, Document, Arrays]]:
    """False or suspicious siblings of an honest certificate about a matrix of least eigenvalue ``value``."""
    for key, sign in (("lower", 1), ("upper", -1)):
        planted = quiet(copy.deepcopy(document))
        planted["proof"]["statement"][key] = fraction_text(value + sign * abs(value) / 10**5)
        yield f"statement.{key}", planted, arrays
    for key in ("sigma_w2", "activation"):
        planted = quiet(copy.deepcopy(document))
        kernel, more = planted["proof"]["kernel"], Fraction(rng.choice([1001, 1010, 1100]), 1000)
        if key == "sigma_w2":
            kernel[key] = fraction_text(Fraction(kernel[key]) * more)
        else:
            c, rest = kernel[key].split("*", 1)
            kernel[key] = f"{fraction_text(Fraction(c) * more)}*{rest}"
            planted["activation"] = kernel[key]
            kernel["lipschitz"] = fraction_text(parse(kernel[key])[2])
        yield f"{key} by {float(more)}", planted, arrays
    kernel = document["proof"]["kernel"]
    limbs = max(2, len(arrays["factor"]))
    up = 64 * (limbs - len(arrays["factor"]))
    series = [[int(m) << up, int(r) << up] for m, r in kernel["coefficients"]]
    mass, s = [int(x) << up for x in kernel["mass"]], [int(x) << 2 * up for x in kernel["s"]]
    places = [k for k, (m, r) in enumerate(series) if m > r << 20]
    for kind in ("scale", "move", "carry", "exact", "short", "negative", "wide") if places else ():
        changed, part = copy.deepcopy(series), rng.choice([2**-4, 2**-12, 2**-20])
        total, k, j = copy.deepcopy(mass), rng.choice(places), rng.choice(places)
        if kind == "scale":
            for ball in [*changed, total]:
                ball[0] = int(ball[0] * (1 + Fraction(rng.choice([-1, 1]) * part)))
        elif kind == "move":
            moved = int(series[k][0] * Fraction(part))
            changed[k][0], changed[j][0] = changed[k][0] - moved, changed[j][0] + moved
        elif kind == "carry":
            changed[k][0] += 1 << max(series[j][0].bit_length() - rng.randrange(24), 0)
        elif kind == "exact":
            changed = [[m + r, 0] for m, r in series]
        elif kind == "short":
            changed = changed[: max(3, len(changed) // 2)]
        elif kind == "negative":
            changed[k] = [-changed[k][0], changed[k][0]]
        else:
            changed[k][1] += changed[k][0]
            changed[k][0] += changed[k][0] // 2
        found = with_series(document, changed, total, s, limbs)
        if found is not None:
            yield kind, *found


def attack(seed: int, outcome: Outcome, folder: Any) -> tuple[int, int, int]:
    """One random setting: honest certificates judged, forgeries judged, forgeries that were true by luck."""
    rng = random.Random(seed)
    setting = random_setting(rng)
    with mpmath.workdps(DIGITS):
        try:
            value, largest = truth(setting)
            made = certificate(setting, folder) if value > largest * mpmath.mpf(10) ** -9 else None
        except (ArithmeticError, CertigramError):
            return 0, 0, 0
        slack = exact(largest) / 10**18
        if made is None:
            return 0, 0, 0
        document, arrays = made
        found, _ = outcome(json.dumps(document), arrays)
        assert found.verdict == "VALID", (seed, setting, found)
        low, high = (Fraction(document["proof"]["statement"][key]) for key in ("lower", "upper"))
        assert low - slack <= exact(value) <= high + slack, (seed, setting)
        forged = lucky = 0
        for kind, planted, others in forgeries(document, arrays, rng, exact(value)):
            found, _ = outcome(json.dumps(planted), others)
            forged += 1
            if found.verdict == "VALID":
                assert kind not in ("statement.lower", "statement.upper"), (seed, kind, setting)
                changed = planted["proof"]
                assert changed["kernel"]["activation"] == document["proof"]["kernel"]["activation"], (seed, kind)
                if changed["kernel"]["sigma_w2"] != document["proof"]["kernel"]["sigma_w2"]:
                    assert setting.sigma_w2 < Fraction(1, 10**6) / exact(largest) or setting.sigma_w2 == 0, (seed, kind)
                    continue
                low, high = (Fraction(changed["statement"][key]) for key in ("lower", "upper"))
                assert low - slack <= exact(value) <= high + slack, (seed, kind, setting)
                lucky += 1
        return 1, forged, lucky


@pytest.fixture(autouse=True)
def _moments_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forgeries of one certificate ask for the same Hermite coefficients again and again."""
    known: dict[str, Any] = {}
    compute = transform.moments

    def once(*key: Any) -> Any:
        if repr(key) not in known:
            known[repr(key)] = compute(*key)
        return known[repr(key)]

    monkeypatch.setattr(transform, "moments", once)


def carrying(first: list[int], second: list[int]) -> list[int]:
    """Products of series in digits of a fixed width, enough for series of mass 2^40 at this precision."""
    width = (2 * 80 + 40) // 8
    a, b = (sum(c << 8 * width * k for k, c in enumerate(x)) for x in (first, second))
    return [a * b >> 8 * width * k & (1 << 8 * width) - 1 for k in range(len(first))]


def test_a_series_that_overflowing_digits_would_confirm(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel of 2^25 sin(11x/2) has the mass 2^49: a checker that carries confirms twice the least eigenvalue."""
    setting = Setting(
        [(Fraction(2**25), "sin", Fraction(11, 2))],
        Fraction(0),
        [[Fraction(1), Fraction(199, 200)], [Fraction(199, 200), Fraction(1)]],
    )
    made = certificate(setting, tmp_path, Fraction(1))
    assert made is not None
    document, _ = made
    claim, bits, one = document["proof"]["kernel"], 64, 1 << 80
    s, mass = ([int(x) for x in claim[key]] for key in ("s", "mass"))
    balls = [[int(m), int(r)] for m, r in claim["coefficients"]]
    squares, (low, high), _ = transform.equilibrium(
        claim["activation"], Fraction(0), Fraction(2), Fraction(s[0], 4**bits), len(balls) - 1, bits
    )
    with monkeypatch.context() as patched, mpmath.workdps(40):
        patched.setattr(checked_series, "multiply", carrying)
        inner = [[0, int(2 * one / high)], [0, -int(-2 * one // low)]]
        below, above = (
            checked_series.compose(
                [int(pair[up] * one) + up for pair in squares], inner[up] + [0] * (len(balls) - 2), bits + 16, up
            )
            for up in (0, 1)
        )
        ends = [(min(pair) >> 16, (max(pair) >> 16) + 1) for pair in zip(below, above, strict=True)]
        forged = [[(a + b) // 2, (b - a) // 2 + 64] for a, b in ends]
        found = with_series(document, forged, mass, s, 1)
        assert found is not None
        planted, arrays = found
        said = planted["proof"]["statement"]
        said["lower"] = fraction_text(Fraction(said["lower"]) * Fraction(99, 100))
        said["upper"] = fraction_text(Fraction(said["upper"]) * Fraction(101, 100))
        path = tmp_path / "forged.json"
        path.write_text(json.dumps(planted))
        np.savez(path.with_suffix(".npz"), **arrays)
        assert Fraction(said["lower"]) > 2 * 146947677376122
        assert replay.check(path).verdict == "VALID"  # the attack is real
    found_now = replay.check(path)
    assert found_now.verdict == "INVALID"
    assert found_now.line.startswith("proof.kernel.coefficients")


QUICK = (104, 105, 109, 111, 119, 156, 162, 175, 189, 193)


def test_random_certificates_are_valid_and_forgeries_are_not(outcome: Outcome, tmp_path: Any) -> None:
    honest, forged, lucky = map(sum, zip(*(attack(seed, outcome, tmp_path) for seed in QUICK), strict=True))
    assert honest == len(QUICK)
    assert forged - lucky >= 80


@pytest.mark.slow
def test_hundreds_of_random_certificates_and_thousands_of_forgeries(outcome: Outcome, tmp_path: Any) -> None:
    honest, forged, lucky = map(sum, zip(*(attack(seed, outcome, tmp_path) for seed in range(100, 400)), strict=True))
    assert honest >= 270
    assert forged - lucky >= 2400
