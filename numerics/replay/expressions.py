"""Kernels that are written out: those with a name, their sums, products, multiples and powers (section 12)."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

from .activations import NAMES, parse
from .balls import Ball, ball, multiple, plus, quotient, root, times
from .elementary import pi
from .fixed import equilibrium_values, require_defined
from .inputs import Inputs
from .matrix import Matrix, cosines
from .network import network_of, rational, values
from .radial import covariance, digits, order_of
from .rectifier import angle_of
from .verdicts import UNSUPPORTED, require
from .work import LINE, Work

MAX_NODES, MAX_DEPTH, MAX_POWER, MAX_ORDER, MAX_POINTS, MAX_DIGITS = 64, 100, 1000, 16, 1024, 1 << 12
GUARD, ROOM, LAYER = 32, 12, 6  # digits beyond those of the entries, how many have to be left; more for each layer
DEEP = ["activation", "depth", "sigma_w2", "sigma_b2"]
LEAVES = {  # the parameters of a kernel with a name, in the order in which they are written
    "nngp": DEEP,
    "ntk": [*DEEP, "convention"],
    "dual": ["activation", "sigma_w2", "sigma_b2"],
    "deq": ["activation", "sigma_w2"],
    "deq-relu": ["sigma_w2"],
    "linear": ["sigma_w2", "sigma_b2"],
    "constant": ["value"],
    "arc-cosine": ["order"],
}
Entries = Iterator[Ball]  # of the lower triangle, row by row


class Space:
    """The inputs, how many Hermite orders a layer takes, the digits of a ball, and how much work is left."""

    def __init__(self, given: Inputs, sphere: bool, order: int, bits: int) -> None:
        self.given, self.sphere, self.order, self.bits, self.work = given, sphere, order, bits, Work()

    @cached_property
    def covariances(self) -> list[tuple[int, int, Ball]]:
        """<x_i, x_j>/d for i >= j, of points on the sphere their cosines."""
        inner, sizes, hold = self.given.inner, self.given.sizes, self.work.hold
        if self.sphere:
            ordered = {(i, j): hold(Ball(c, 2 * (i != j))) for i, j, c in cosines(inner, self.bits)}
            return [(i, j, ordered[i, j]) for i in range(len(inner)) for j in range(i + 1)]
        unit = next((s / row[i] for i, (s, row) in enumerate(zip(sizes, inner, strict=True)) if s), Fraction(0))
        num, den = unit.numerator << self.bits, unit.denominator
        return [(i, j, hold(Ball(x * num // den, 1))) for i, row in enumerate(inner) for j, x in enumerate(row)]

    def sizes(self) -> list[Fraction]:
        """|x|^2/d."""
        return [Fraction(1)] * len(self.given.sizes) if self.sphere else self.given.sizes


def deep(node: Any, space: Space) -> Entries:
    """The NNGP kernel, a tangent kernel, or one expectation."""
    network = network_of(node)
    found = values(network, space.sizes(), space.covariances, space.order, space.bits, space.work)
    return (x for *_, x in found)


def deq(node: Any, space: Space) -> Entries:
    """The kernel of an equilibrium model."""
    w, sizes = rational(node["sigma_w2"]), space.sizes()
    return equilibrium_values(activation_of(node), w, sizes, space.covariances, space.order, space.bits, space.work)


def activation_of(node: Any) -> str | None:
    """The activation of an equilibrium model; None for the one whose activation is ReLU."""
    name = node.get("activation")
    require(isinstance(name, str) is (node["name"] == "deq"), LINE, "no activation")
    return None if name is None else NAMES.get(name, name)


def linear(node: Any, space: Space) -> Entries:
    """w <x, y> + b."""
    w, shift = rational(node["sigma_w2"]) * space.given.dimension, ball(rational(node["sigma_b2"]), space.bits)
    return (plus(multiple(c, w), shift) for *_, c in space.covariances)


def constant(node: Any, space: Space) -> Entries:
    """One number everywhere."""
    value = ball(rational(node["value"]), space.bits)
    return (value for _ in space.covariances)


def distance(node: Any, space: Space) -> Entries:
    """A Gaussian or Matérn kernel; |k'| <= 1 in u or t, which the radius of the squared distance moves (12.3)."""
    p, scale, bits = order_of(node["name"]), rational(node["scale"]), space.bits
    space.work.spend(len(space.given.inner) ** 2 * 64 * (digits(p, bits) // 64))
    rate = space.given.dimension / scale**2 * (Fraction(1, 2) if p is None else 2 * p + 1)
    squares = [ball(s, bits) for s in space.sizes()]
    for i, j, c in space.covariances:
        if i == j:
            yield Ball(1 << bits, 0)
            continue
        square = plus(plus(squares[i], squares[j]), multiple(c, Fraction(-2)))
        found = multiple(Ball(max(square.middle, 0), square.radius), rate)
        found = found if p is None else root(found, bits)
        argument = max(found.middle, 0) << digits(p, bits) - bits
        yield Ball(covariance(p, argument, bits), min(found.radius + 3, 1 << bits))  # both lie between 0 and 1


def arc_cosine(node: Any, space: Space) -> Entries:
    """|x|^n |y|^n J_n/pi, J_n = A_n (pi - angle) + B_n sin(angle); J_n' <= n^2 J_(n - 1)(1) (12.4)."""
    n, bits = node["order"], space.bits
    space.work.spend(len(space.given.inner) ** 2 * 64 * (bits // 64))
    a, b = [1], [0]
    for k in range(n):  # A' = (1 - t^2) dA + (2k + 1) t A, B' = A + (1 - t^2) dB + 2k t B
        a, b = step(a, 2 * k + 1, []), step(b, 2 * k, a)
    d, one, steepest = space.given.dimension, 1 << bits, n * n * 4 * double_factorial(2 * n - 3)
    sizes = [root(ball(s * d, bits), bits) for s in space.sizes()]
    circle = Ball(pi(bits), 2)
    for i, j, c in space.covariances:
        if i == j:
            top = (space.sizes()[i] * d) ** n * double_factorial(2 * n - 1)
            yield ball(top, bits)
            continue
        require(space.sizes()[i] > 0 and space.sizes()[j] > 0, "proof.data", "a zero input has no direction")
        t = quotient(multiple(c, Fraction(d)), times(sizes[i], sizes[j], bits), bits)
        x = min(max(t.middle, -one), one)
        turned, sine, arc = angle_of(x, t.radius, bits)
        found = plus(times(polynomial(a, x, bits), turned, bits), times(polynomial(b, x, bits), sine, bits))
        found = Ball(found.middle, found.radius + (steepest * t.radius if n else arc))
        power = Ball(one, 0)
        for _ in range(n):
            power = times(power, times(sizes[i], sizes[j], bits), bits)
        yield times(quotient(found, circle, bits), power, bits)


def step(p: list[int], factor: int, more: list[int]) -> list[int]:
    """The coefficients of (1 - t^2) dp + factor t p + more."""
    found = [0] * (len(p) + 1)
    for k, x in enumerate(p):
        found[k + 1] += (factor - k) * x
        if k:
            found[k - 1] += k * x
    for k, x in enumerate(more):
        found[k] += x
    return found


def polynomial(p: list[int], t: int, bits: int) -> Ball:
    """p(t) for |t| <= 1, by Horner's rule."""
    total = 0
    for x in reversed(p):
        total = (total * t >> bits) + (x << bits)
    return Ball(total, len(p))


def double_factorial(n: int) -> int:
    """n(n - 2)(n - 4)..."""
    return prod(range(n, 0, -2))


def powered(x: Ball, exponent: int, space: Space) -> Ball:
    """x to a power of at least 1."""
    found = None
    while True:
        if exponent & 1:
            found = x if found is None else space.work.short(times(found, x, space.bits))
        exponent >>= 1
        if not exponent:
            return found or x
        x = space.work.short(times(x, x, space.bits))


def normalised(entries: Entries, space: Space) -> Entries:
    """k(x, y)/sqrt(k(x, x) k(y, y)), from the lower triangle of k."""
    n, place, roots, bits, part = 0, 0, [], space.bits, list(map(space.work.hold, entries))
    while place < len(part):
        place += n
        roots.append(root(part[place], bits))
        n, place = n + 1, place + 1
    pieces = iter(part)
    for i in range(n):
        for j in range(i + 1):
            x = next(pieces)
            yield Ball(1 << bits, 0) if i == j else quotient(x, times(roots[i], roots[j], bits), bits)


def entries(node: Any, space: Space) -> Entries:
    """The lower triangle of a kernel, its digits and what they cost counted."""
    return map(space.work.short, made(node, space))


def made(node: Any, space: Space) -> Entries:
    """The same, from the triangles of its parts."""
    name, bits = node["name"], space.bits
    if name not in ("sum", "product", "scaled", "power", "normalised"):
        known = {"linear": linear, "constant": constant, "arc-cosine": arc_cosine, "deq": deq, "deq-relu": deq}
        make = known.get(name)
        return (make or (deep if name in LEAVES else distance))(node, space)
    parts = [entries(part, space) for part in node["parts"]]
    if name == "sum":
        return (total(row, plus) for row in zip(*parts, strict=True))
    if name == "product":
        return (total(row, lambda a, b: times(a, b, bits)) for row in zip(*parts, strict=True))
    if name == "scaled":
        factor = rational(node["factor"])
        return (multiple(x, factor) for x in parts[0])
    if name == "power":
        return (powered(x, node["exponent"], space) for x in parts[0])
    return normalised(parts[0], space)


def total(row: tuple[Ball, ...], join: Callable[[Ball, Ball], Ball]) -> Ball:
    """What is left when all entries are joined."""
    found = row[0]
    for x in row[1:]:
        found = join(found, x)
    return found


def written(node: Any, depth: int = 0) -> tuple[str, dict[str, Any], int]:
    """The kernel as the front door writes it, its parameters, and how many kernels it is made of (12.1)."""
    require(isinstance(node, dict) and depth <= MAX_DEPTH, LINE, "no kernel, or too deep")
    name, keys = node["name"], list(node)[1:]
    require(next(iter(node)) == "name" and isinstance(name, str), LINE, "no kernel")
    if name in ("sum", "product", "scaled", "power", "normalised"):
        own = {"scaled": ["factor"], "power": ["exponent"]}.get(name, [])
        require(keys == [*own, "parts"] and isinstance(node["parts"], list), LINE, f"not the parts of a {name}")
        parts, many = [written(part, depth + 1) for part in node["parts"]], name in ("sum", "product")
        require(len(parts) >= 2 if many else len(parts) == 1, LINE, f"not the parts of a {name}")
        inside = [f"({text})" if "parts" in x else text for (text, *_), x in zip(parts, node["parts"], strict=True)]
        found = {f"{k}.{key}": value for k, (_, more, _) in enumerate(parts) for key, value in more.items()}
        if name == "scaled":
            require(rational(node["factor"]) > 0, LINE, "a multiple that is not positive")
            found = {"factor": node["factor"], **found}
        if name == "power":
            k = node["exponent"]
            require(type(k) is int and 1 <= k <= MAX_POWER, LINE, f"no exponent between 1 and {MAX_POWER}")
        text = {
            "sum": lambda: " + ".join(text for text, *_ in parts),
            "product": lambda: " * ".join(inside),
            "scaled": lambda: f"{node['factor']!r} * {inside[0]}",
            "power": lambda: f"{inside[0]} ** {node['exponent']}",
            "normalised": lambda: f"{inside[0]}.normalised()",
        }[name]()
        count = 1 + sum(nodes for *_, nodes in parts)
        require(count <= MAX_NODES, LINE, f"more than {MAX_NODES} kernels", UNSUPPORTED)
        return text, found, count
    require_kernel(node, keys)
    found = {key: node[key] for key in keys}
    return f"kernel({name!r}{''.join(f', {key}={value!r}' for key, value in found.items())})", found, 1


def require_kernel(node: Any, keys: list[str]) -> None:
    """Whether a kernel with a name is one: its parameters in their ranges, whatever the proof does with them (12.1)."""
    name = node["name"]
    if name not in LEAVES:
        order_of(name)
    require(keys == LEAVES.get(name, ["scale"]), LINE, f"not the parameters of {name}")
    if name in ("nngp", "ntk", "dual"):
        for activation in network_of(node).activations:
            parse(activation)
    elif name in ("deq", "deq-relu"):
        require_defined(activation_of(node), rational(node["sigma_w2"]))
    elif name == "arc-cosine":
        n = node["order"]
        require(type(n) is int and 0 <= n <= MAX_ORDER, LINE, f"no order between 0 and {MAX_ORDER}", UNSUPPORTED)
    elif name == "linear":
        require(rational(node["sigma_w2"]) > 0 and rational(node["sigma_b2"]) >= 0, LINE, "no variances")
    elif name == "constant":
        require(rational(node["value"]) >= 0, LINE, "a negative constant is no kernel")
    else:
        require(rational(node["scale"]) > 0, LINE, "no positive scale")


def names(node: Any) -> set[str]:
    """The names in a tree."""
    return {node["name"]}.union(*map(names, node.get("parts", ())))


def rank(node: Any, space: Inputs) -> int | None:
    """A bound of the rank, from the number of features; None where there are infinitely many, or no rule (12.5)."""
    name, n = node["name"], len(space.inner)
    if name in ("constant", "linear"):
        return 1 if name == "constant" else space.dimension + bool(rational(node["sigma_b2"]))
    parts = [rank(part, space) for part in node.get("parts", ())]
    if not parts or None in parts:
        return None
    known = [min(x, n) for x in parts if x is not None]  # no rank is larger
    if name in ("sum", "product"):
        return sum(known) if name == "sum" else prod(known)
    if name != "power":
        return known[0]
    k, r = node["exponent"], known[0]
    return prod(range(r, r + k)) // prod(range(1, k + 1))  # monomials of degree k in r features


def layers(node: Any) -> int:
    """The layers of all networks."""
    return sum(map(layers, node.get("parts", ())), int(node.get("depth", 1)))


def expressed(node: Any, given: Inputs, sphere: bool, order: int, bits: int) -> Matrix:
    """The lower triangle in units of 2^(height - bits), 2^height being at least its largest diagonal entry (12.2)."""
    least = min((s for s in given.sizes if s), default=Fraction(1))
    small = 1 if sphere else max(least.denominator.bit_length() - least.numerator.bit_length() + 1, 0)
    wide, n, height = bits + GUARD + 2 * small + LAYER * layers(node), len(given.inner), 0
    for _ in range(2):
        require(wide <= MAX_DIGITS + bits, LINE, "too many digits", UNSUPPORTED)
        space = Space(given, sphere, order, wide)
        found = list(map(space.work.hold, entries(node, space)))
        top = max(found[i * (i + 1) // 2 + i].middle for i in range(n))
        height = top.bit_length() - wide
        if top and wide - bits + height >= ROOM:
            break
        wide += ROOM + max(-height, 0)
    drop = wide - bits + height
    require(top > 0 and drop >= 0, LINE, "too few digits", UNSUPPORTED)
    rows, errors = [], [0] * n
    for i in range(n):
        row = found[i * (i + 1) // 2 : (i + 1) * (i + 2) // 2]
        rows.append([x.middle >> drop for x in row])
        for j, x in enumerate(row):
            lost = (x.radius >> drop) + 2
            errors[i] += lost
            errors[j] += lost if i != j else 0
    return Matrix(rows, errors, Fraction(2) ** (height - bits))
