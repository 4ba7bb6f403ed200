"""What a proof is about: the matrix that the checker makes by itself from data and parameters, and its name."""

from collections.abc import Callable
from typing import Any, NamedTuple

from .activations import NAMES, Terms, parse
from .given import Given
from .inputs import Inputs, inputs
from .matrix import Rows, matrix
from .series import prove_series
from .sidecar import Arrays
from .spectrum import Maker
from .transform import ZERO, Interval
from .verdicts import UNSUPPORTED, fraction, require

Bounds = Callable[[Any], Interval]  # of the least eigenvalue, from a witness of another kind than a factor


class Subject(NamedTuple):
    """A matrix: its order and maker, how the record names it and for what it holds, and the other witnesses it takes.

    ``label`` is the activation of the record, ``parameters`` are those of ``detail``, as text.
    """

    n: int
    make: Maker
    label: str
    parameters: dict[str, str]
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
    names = {name for _, name, _ in terms}
    return names <= {"one", "id"} and len(given.inner) > given.dimension + ("one" in names)


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
    "equilibrium": Kind(equilibrium, {"activation", "sigma_w2", "lipschitz", "s", "mass", "coefficients"}, POINTS),
    "matrix": Kind(own, {"kind"}, {"n", "sha256", "entries", "radius", "description"}),
}


def arrays_of(proof: Any) -> set[str]:
    """The arrays that belong to a proof."""
    data = proof["data"]
    names = {"points"} if data.get("input_gram", 0) is None else set()
    names |= {array for key, array in (("entries", "matrix"), ("radius", "radius")) if data.get(key, 0) is None}
    return names | ({"factor", "vector"} if proof["witness"]["kind"] == "factor" else set())
