"""What a proof is about: the matrix that the checker makes by itself from data and parameters, and its name."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from .activations import NAMES, Terms, parse
from .elementary import Interval
from .expressions import MAX_POINTS, expressed, names, rank, written
from .given import Given
from .inputs import Inputs, inputs
from .matrix import Rows, matrix
from .network import rational
from .radial import order_of, radial
from .rectifier import rectified
from .series import prove_series
from .sidecar import Arrays
from .spectrum import Maker
from .transform import ONE, ZERO
from .verdicts import UNSUPPORTED, fraction, require

HALF = Fraction(1, 2)  # what sigma_w2 must be below where only the Lipschitz constant is used
Bounds = Callable[[Any], Interval]  # of the least eigenvalue, from a witness of another kind than a factor


class Subject(NamedTuple):
    """A matrix: its order and maker, how the record names it and for what it holds, and the other witnesses it takes.

    ``label`` is the activation of the record, ``parameters`` are those of ``detail``, as text.
    """

    n: int
    make: Maker
    label: str
    parameters: dict[str, Any]
    scope: str
    about: str
    others: dict[str, Bounds]
    symbol: str = "K"


def scope(n: int) -> str:
    """The inputs of a kernel, as the record says it."""
    return "the one input" if n == 1 else f"all {n} inputs"


def parallel(witness: Any, inner: Rows, odd: bool) -> bool:
    """Whether the entries of a null vector vanish when parallel inputs are put together (7.3)."""
    line, sums = "proof.witness.null_vector", [ZERO] * len(inner)
    require(witness["null_vector"], line, "nothing shows that K is singular")
    for key, text in witness["null_vector"].items():
        i, entry = int(key[:9]), fraction(text, line)
        require(0 <= i < len(inner) and str(i) == key and entry, line, "not an entry")
        same = (j for j in range(i + 1) if inner[i][j] ** 2 == inner[i][i] * inner[j][j])
        first = next(j for j in same if inner[i][j] > 0 or odd)
        sums[first] += entry if inner[i][first] > 0 else -entry
    return not any(sums)


def equilibrium(proof: Any, found: Arrays, accelerate: bool) -> Subject:
    """The kernel of the equilibrium model as a power series (sections 1 to 6)."""
    claim, line, data = proof["kernel"], "proof.kernel", proof["data"]
    activation = claim["activation"]
    known = proof["system"] == "deq-general" or (proof["system"] == "deq-relu" and activation == NAMES["relu"])
    require(known, "proof.system", "no rule for this system", UNSUPPORTED)
    slope, sigma_w2 = fraction(claim["lipschitz"], f"{line}.lipschitz"), fraction(claim["sigma_w2"], f"{line}.sigma_w2")
    terms, parity, least = parse(activation)
    require(slope >= least, f"{line}.lipschitz", "not a proved bound of the slope of the activation")
    defined = sigma_w2 >= 0 and 2 * sigma_w2 * slope**2 < 1  # (1.3)
    require(defined, f"{line}.sigma_w2", "outside the range where K is defined")
    given = inputs(data, found, accelerate)
    v = given.variance(data["normalize"] == "sphere")

    def singular(witness: Any) -> Interval:
        """K v = 0, hence the bounds 0 and 0: by parallel inputs (7.3), or the rank of an affine activation (7.4)."""
        none = (
            affine(terms, given) if witness["null_vector"] is None else parallel(witness, given.inner, parity == "odd")
        )
        require(none, "proof.witness.null_vector", "not a null vector by parallel inputs, nor an affine activation")
        return ZERO, ZERO

    return Subject(
        len(given.inner),
        lambda bits, weights: matrix(prove_series(claim, v, bits), given.inner, bits),
        activation,
        {"sigma_w2": claim["sigma_w2"]},
        scope(len(given.inner)),
        f"{activation}, sigma_w2 = {sigma_w2}, n = {len(given.inner)}, data",
        {"singular": singular},
    )


def affine(terms: Terms, given: Inputs) -> bool:
    """Whether the rank of an affine activation is below the order of the matrix (7.4)."""
    names = {name for _, name, _, _ in terms}
    return names <= {"one", "id"} and len(given.inner) > given.dimension + ("one" in names)


def distances(proof: Any, found: Arrays, accelerate: bool) -> Subject:
    """A Gaussian or Matérn kernel of the distance of exact points (section 9)."""
    claim, line = proof["kernel"], "proof.kernel"
    plain = proof["system"] == "kernel"
    require(plain or proof["system"] == "resnet-rkhs", "proof.system", "no rule for this system", UNSUPPORTED)
    require(proof["data"]["normalize"] is None, "proof.data.normalize", "the kernel takes the points as they are")
    scale, lift = (fraction(claim[key], f"{line}.{key}") for key in ("scale", "embedding"))
    require(min(scale, lift) > 0 and (lift == 1 or not plain), line, "no positive scale, or points that are embedded")
    require(proof["data"]["input_gram"] is None, "proof.data.input_gram", "the kernel takes points")
    given = inputs(proof["data"], found, accelerate)
    inner, n = given.inner, len(given.inner)

    def repeated(witness: Any) -> Interval:
        """Two equal points: e_i - e_j is a null vector, and the kernel is positive semidefinite (9.4)."""
        i, j = sorted(witness["points"])
        require(type(i) is type(j) is int and 0 <= i < j < n, "proof.witness.points", "no pair of points")
        require(inner[i][i] + inner[j][j] == 2 * inner[j][i], "proof.witness.points", "different points")
        return ZERO, ZERO

    order_of(claim["name"])
    written = int(scale) if scale.denominator == 1 else str(scale)
    return Subject(
        n,
        lambda bits, weights: radial(claim["name"], scale / lift, given, bits),
        f"kernel({claim['name']!r}, scale={written!r})" if plain else claim["name"],
        {"scale": written} if plain else {"scale": claim["scale"], "embedding": claim["embedding"]},
        scope(n),
        f"{claim['name']}, scale = {scale}, embedding = {lift}, n = {n}, points",
        {"repeated": repeated},
    )


def arc_cosine(proof: Any, found: Arrays, accelerate: bool) -> Subject:
    """The arc-cosine kernel of directions, or the equilibrium model with ReLU for all sigma_w2 < 1 (section 10)."""
    claim, data = proof["kernel"], proof["data"]
    alone, general = proof["system"] == "implicit-relu", proof["system"] == "deq-general"
    require(alone or general or proof["system"] == "deq-relu", "proof.system", "no rule for this system", UNSUPPORTED)
    require(("sigma_w2" in claim) is not alone, "proof.kernel", "not the parameters of the system")
    feedback = ZERO if alone else fraction(claim["sigma_w2"], "proof.kernel.sigma_w2")
    require(0 <= feedback < (HALF if general else 1), "proof.kernel.sigma_w2", "outside the range where K is defined")
    given = inputs(data, found, accelerate)
    require(min(given.sizes) > 0, "proof.data", "a zero input has no direction")
    s = ONE if alone else given.variance(data["normalize"] == "sphere") / (1 - feedback)

    def singular(witness: Any) -> Interval:
        """Two inputs of one direction (7.3)."""
        none = parallel(witness, given.inner, odd=False)
        require(none, "proof.witness.null_vector", "not a null vector by parallel inputs")
        return ZERO, ZERO

    def dependent(witness: Any) -> Interval:
        """Antipodal inputs whose directions are linearly dependent (10.4)."""
        require(
            alone and antipodes(witness["coefficients"], given.inner), "proof.witness.coefficients", "not dependent"
        )
        return ZERO, ZERO

    n = len(given.inner)
    return Subject(
        n,
        lambda bits, weights: rectified(given.inner, feedback, s, bits),
        "relu" if alone else NAMES["relu"],
        {} if alone else {"sigma_w2": claim["sigma_w2"]},
        scope(n),
        f"relu, {'' if alone else f'sigma_w2 = {feedback}, '}n = {n}, data",
        {"singular": singular, "dependent": dependent},
    )


def antipodes(coefficients: Any, inner: Rows) -> bool:
    """Whether sum a_i x_i = 0 over inputs of different lines, each of which has an antipodal input (10.4)."""
    a = {int(key[:9]): fraction(text, "proof.witness.coefficients") for key, text in coefficients.items()}
    known = list(map(str, a)) == list(coefficients) and set(a) <= set(range(len(inner))) and any(a.values())

    def dot(i: int, j: int) -> int:
        return inner[max(i, j)][min(i, j)]

    def opposite(i: int, j: int) -> bool:
        return dot(i, j) < 0 and dot(i, j) ** 2 == dot(i, i) * dot(j, j)

    lines = all(dot(i, j) ** 2 < dot(i, i) * dot(j, j) for i in a for j in a if i < j)
    paired = all(any(opposite(i, j) for j in range(len(inner))) for i in a)
    return known and lines and paired and sum(x * y * dot(i, j) for i, x in a.items() for j, y in a.items()) == 0


def expression(proof: Any, found: Arrays, accelerate: bool) -> Subject:
    """A kernel that is written out: by name, or as a sum, product, multiple or power of others (sections 12, 13)."""
    node, system, line = proof["kernel"]["expression"], proof["system"], "proof.kernel.expression"
    name, parameters, _ = written(node)
    text = name
    given, sphere = inputs(proof["data"], found, accelerate), proof["data"]["normalize"] == "sphere"
    n, deep = len(given.inner), system in ("nngp", "ntk")
    fixed = {"deq-general": "deq", "deq-relu": "deq-relu"}.get(system)
    require(deep or fixed or system == "kernel", "proof.system", "no rule for this system", UNSUPPORTED)
    require(n <= MAX_POINTS, "proof.data", f"more than {MAX_POINTS} points", UNSUPPORTED)
    if deep:  # its parameters are the lists of the layers, its label their activations
        require(node["name"] == system, line, "not the kernel of the system")
        lists = [parameters.pop(key) for key in ("activation", "sigma_w2", "sigma_b2")]
        require(all(isinstance(x, list) for x in lists), line, "one value for each layer is asked for")
        text = lists[0][0] if len(set(lists[0])) == 1 else ", ".join(lists[0])
        parameters |= {"activations": lists[0], **dict(zip(("sigma_w2", "sigma_b2"), lists[1:], strict=True))}
        parameters |= {key: list(map(str, parameters[key])) for key in ("sigma_w2", "sigma_b2")}
    elif fixed:
        require(node["name"] == fixed, line, "not the kernel of the system")
        activation = node.get("activation", "relu")
        text, parameters = NAMES.get(activation, activation), {"sigma_w2": str(rational(node["sigma_w2"]))}
    else:
        require(proof["data"]["input_gram"] is None, "proof.data.input_gram", "the kernel takes points")
    order = proof["kernel"]["order"]
    require(type(order) is int, "proof.kernel.order", "not a number of terms")
    require(not sphere or min(given.sizes) > 0, "proof.data", "a zero input has no direction")

    def certainly() -> None:
        """No entry is computed for a singular matrix: so each must be known to exist (12.1)."""
        quotients = names(node) & {"normalised", "arc-cosine", "deq", "deq-relu"}
        known = "normalised" not in quotients and (not quotients or min(given.sizes) > 0)
        require(known, "proof.witness.kind", "the diagonal may be 0 where it divides", UNSUPPORTED)

    def repeated(witness: Any) -> Interval:
        """Two equal points, or two of one direction where only directions count: e_i - e_j is a null vector (9.4)."""
        certainly()
        i, j = sorted(witness["points"])
        require(type(i) is type(j) is int and 0 <= i < j < n, "proof.witness.points", "no pair of points")
        a, b, c = given.inner[i][i], given.inner[j][j], given.inner[j][i]
        same = (c > 0 and c * c == a * b) if sphere else a + b == 2 * c
        require(same, "proof.witness.points", "different points")
        return ZERO, ZERO

    def features(witness: Any) -> Interval:
        """More points than the kernel has features (12.5)."""
        certainly()
        bound = rank(node, given)
        require(bound is not None and bound < n, "proof.witness", "no kernel of so few features")
        return ZERO, ZERO

    return Subject(
        n,
        lambda bits, weights: expressed(node, given, sphere, order, bits),
        text,
        parameters,
        scope(n),
        f"{name}, n = {n}, points",
        {"repeated": repeated, "features": features},
    )


def own(proof: Any, found: Arrays, accelerate: bool) -> Subject:
    """A matrix that is given by its entries, exactly or with radii (section 8)."""
    require(proof["system"] == "matrix", "proof.system", "a given matrix belongs to no other system")
    given = Given(proof["data"], found)
    label = "matrix" if given.exact else "interval matrix"
    members = "the one matrix" if given.exact else "every symmetric matrix within the radii"
    about = f"{members}, n = {given.n}, entries"
    return Subject(given.n, given.matrix, label, {}, members, about, {"elimination": given.eliminated}, "A")


class Kind(NamedTuple):
    """A kind of kernel: who makes its matrix, and the keys of a proof about it."""

    subject: Callable[[Any, Arrays, bool], Subject]
    kernel: set[str]
    data: set[str]


POINTS = {"n", "d", "normalize", "sha256", "input_gram", "description"}
KINDS = {
    "radial": Kind(distances, {"kind", "name", "scale", "embedding"}, POINTS),
    "equilibrium": Kind(equilibrium, {"activation", "sigma_w2", "lipschitz", "s", "mass", "coefficients"}, POINTS),
    "arc-cosine": Kind(arc_cosine, {"kind", "sigma_w2"}, POINTS),
    "expression": Kind(expression, {"kind", "expression", "order"}, POINTS),
    "matrix": Kind(own, {"kind"}, {"n", "sha256", "entries", "radius", "description"}),
}


def arrays_of(proof: Any) -> set[str]:
    """The arrays that belong to a proof."""
    data = proof["data"]
    names = {"points"} if data.get("input_gram", 0) is None else set()
    names |= {array for key, array in (("entries", "matrix"), ("radius", "radius")) if data.get(key, 0) is None}
    return names | ({"factor", "vector"} if proof["witness"]["kind"] == "factor" else set())
