"""The functions of the front door: population Gram matrices, proved eigenvalues, certificates, whole studies."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .activations import ActivationHandle, exact_activation
from .models import DEFAULT_BITS, allowance, certificate_of, model_on_data, precision_bits, whole
from .numerics.balls.ball import Ball
from .numerics.balls.budget import LONGEST, Budget
from .numerics.balls.enclosure import Enclosure
from .numerics.balls.precision import undisturbed
from .numerics.certificates.certificate import Certificate, EvidenceItem, named_parameters
from .numerics.kernels.ballmatrix import BallMatrix, Radius
from .theory.errors import SpecError
from .theory.numbers import Exact, rational
from .theory.verdict import Evidence, Verdict

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from .numerics.certificates.checking import Checked
    from .numerics.falsify.falsifier import Falsification
    from .numerics.studies.data import DataSet
    from .numerics.studies.gram_model import GramModel
    from .reports.model import Report


@dataclass(frozen=True, slots=True, eq=False)
class PopulationGram:
    """The population Gram matrix of a system on data: entries known to a proved radius, and where they come from.

    ``mid`` (n, n) float64 and ``rad`` (a number or an (n, n) array): every entry of K lies within ``mid ± rad``.
    """

    matrix: BallMatrix
    instance: GramModel

    @property
    def mid(self) -> NDArray[Any]:
        """The midpoints, (n, n) float64."""
        return self.matrix.mid

    @property
    def rad(self) -> Radius:
        """The radius: a float for all entries, or (n, n) float64."""
        return self.matrix.rad

    @property
    def n(self) -> int:
        """The number of points."""
        return self.matrix.n

    @property
    def shape(self) -> tuple[int, int]:
        """(n, n)."""
        return self.matrix.shape

    def __len__(self) -> int:
        return self.n

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """A writeable copy of the midpoints alone, (n, n) float64, as ``numpy.asarray(K)`` and its like want it."""
        return self.matrix.__array__(dtype, copy)

    @property
    def accuracy_bits(self) -> int | None:
        r"""The correct bits of the worst entry, relative to :math:`\sqrt{K_{ii}K_{jj}}`; None when all are exact."""
        return self.matrix.accuracy_bits

    def ball(self, i: int, j: int) -> Ball:
        """Entry (i, j) as a ball."""
        return self.matrix.ball(i, j)

    def __getitem__(self, places: Any) -> Any:
        """``K[i, j]`` is a :class:`Ball`, ``K[2:5, :]`` a :class:`BallArray`."""
        return self.matrix[places]

    __iter__ = None

    def __repr__(self) -> str:
        i = self.instance
        named = named_parameters({} if i.system == "kernel" else i.parameters, i.data.normalize)
        return f"PopulationGram({i.system!r}, {i.subject!r}{named}, n={self.n}, {self.matrix.accuracy})"

    def _repr_html_(self) -> str:
        i = self.instance
        return f"{self.matrix._repr_html_()}<br>{escape(f'{i.system}, {i.subject}, {i.data.description}')}"


@undisturbed
def population_gram(
    system: str,
    X: ArrayLike | DataSet | None = None,
    *,
    activation: str | ActivationHandle | None = None,
    kernel: str | None = None,
    input_gram: Sequence[Sequence[Exact]] | None = None,
    normalize: str | None = "sphere",
    bits: int | None = None,
    budget: Budget | None = None,
    **parameters: Exact,
) -> PopulationGram:
    r"""The population Gram matrix K of a system, every entry enclosed.

    Parameters
    ----------
    X: (n, d), rows are points, each number meant exactly (docs/data.md), or a data set (which knows its normalisation);
        or give ``input_gram``, exact rationals :math:`\langle x_i, x_j\rangle/d`.
    activation, kernel: what the system is about; unnecessary where it has only one (deq-relu, implicit-relu).
    normalize: "sphere" rescales the points to norm sqrt(d); None keeps them.
    bits: None for float64 with a radius, or a precision for balls of that many digits.
    parameters: those of the system, e.g. ``sigma_w2="1/16"``.

    Raises :class:`SpecError` for unusable input, and for parameters outside the range where K is proved to exist.
    Source: docs/papers/deep_equilibrium/population.md.

    >>> K = population_gram("deq-general", input_gram=[["1", "1/2"], ["1/2", "1"]], activation="tanh", bits=128)
    >>> K.ball(0, 1).contains("0.2373177877462101965757041840090684299615")
    True
    >>> K
    PopulationGram('deq-general', 'tanh', sigma_w2=1/16, normalize=None, n=2, entries known to ± 2.05e-17)
    >>> K = population_gram("resnet-rkhs", [[1, 0], [0, 1]], kernel="gaussian", scale=1, normalize=None)
    >>> K.ball(0, 1).contains("0.36787944117144232")  # exp(-1)
    True
    """
    bits = None if bits is None else precision_bits(bits)
    phi = None if activation is None else exact_activation(activation)
    model = model_on_data("population_gram", system, X, phi, kernel, input_gram, normalize, bits, budget, parameters)
    return population(model, bits)


def population(model: GramModel, bits: int | None) -> PopulationGram:
    """The matrix of a model in float64, or in balls; few inputs known by their exact inner products deserve balls."""
    if bits is None and model.data.points is None and model.data.n <= 64:
        bits = DEFAULT_BITS
    return PopulationGram(model.gram if bits is None else model.refine(bits), model)


@undisturbed
def least_eigenvalue(
    K: Any, *, radius: Any = 0, relative_width: Exact = 1e-6, budget: Budget | None = None
) -> Enclosure:
    """The least eigenvalue, proved on both sides: ``lower <= lambda_min <= upper`` for every matrix within the radius.

    ``K`` is the result of :func:`population_gram` and its like, or any symmetric matrix, as for :func:`certify`. The
    precision is raised as far as ``budget`` allows (that of K by default) when float64 is not enough.

    >>> from fractions import Fraction
    >>> K = population_gram("deq-general", [[1.0, 0.0], [0.0, 1.0]], activation="tanh")
    >>> least_eigenvalue(K).contains(Fraction("0.5256839176973689"))
    True
    >>> least_eigenvalue([["1/3", "1/3"], ["1/3", "1/3"]]).upper
    0.0
    """
    from .numerics.eigenvalues.eigenvalue import least_eigenvalue as prove
    from .own_matrix import least_eigenvalue_of_matrix, positive_width

    width = positive_width(relative_width)
    spent = None if budget is None else allowance("least_eigenvalue", budget, None)
    if not isinstance(K, PopulationGram):
        return least_eigenvalue_of_matrix(K, radius, width, spent)
    _require_no_radius("least_eigenvalue", radius)
    model = K.instance
    if model.null_vector is not None:
        return model.eigenvalue  # exactly 0
    return prove(K.matrix, budget=spent or model.budget, refine=model.refinement, relative_width=width, known_psd=True)


@undisturbed
def certify(K: Any, *, radius: Any = 0, at_least: Exact | None = None, budget: Budget | None = None) -> Certificate:
    """A certificate that the least eigenvalue is at least an exact number: PROVED, REFUTED or UNKNOWN.

    Without ``at_least`` the question is whether the matrix is positive definite, and the least eigenvalue is enclosed.
    ``certificate.save(path)`` writes it as JSON. ``K`` is one of two things:

    * a :class:`PopulationGram`: the statement is about the matrix of the kernel itself. An exact reason for singularity
      (repeated inputs, antipodes of an odd activation, an affine activation) refutes any positive bound.
    * a matrix of your own: a float array, nested lists of exact numbers, a :class:`BallMatrix`, or a pair of arrays
      (lower, upper). The statement is about the numbers that are stored, each meant exactly, and about every symmetric
      matrix within ``radius``, a number or an (n, n) array: PROVED where all keep the bound, REFUTED where none does.
      ``detail["matrix"]["meaning"]`` says which matrices these are (docs/own-matrix.md).

    Raises :class:`SpecError` for what is no finite, real, symmetric matrix.

    >>> K = population_gram("deq-general", [[1.0, 0.0], [0.0, 1.0]], activation="tanh")
    >>> str(certify(K, at_least="0.5").verdict), str(certify(K, at_least="0.53").verdict)
    ('PROVED', 'REFUTED')
    >>> certify(K, at_least="0.53")  # doctest: +ELLIPSIS
    Certificate(kernel.least-eigenvalue, deq-general, tanh, sigma_w2=1/16, normalize=sphere: REFUTED lambda_min(K) ...)
    >>> certify([[2, -1], [-1, 2]], radius="1/4", at_least="1/2")
    Certificate(matrix.least-eigenvalue, interval matrix: PROVED lambda_min(A) >= 1/2; proved [0.5, 1.5])
    """
    from .numerics.eigenvalues.eigenvalue import climb
    from .numerics.eigenvalues.ladder import Goal, Problem
    from .own_matrix import certify_matrix

    started = time.process_time()
    if not isinstance(K, PopulationGram):
        return certify_matrix(K, radius, at_least, budget)
    _require_no_radius("certify", radius)
    model, strict = K.instance, at_least is None
    bound = rational(0 if at_least is None else at_least, what="at_least")
    singular = model.null_vector
    if singular is not None:
        verdict = Verdict.REFUTED if bound > 0 or strict else Verdict.PROVED
        text = f"the matrix is singular and positive semidefinite: {singular.reason}"
        evidence = EvidenceItem(Evidence.EXACT, text, {"least eigenvalue": "0"})
        found = Enclosure(0.0, 0.0, Evidence.EXACT, "exact null vector")
    else:
        goal = Goal() if strict else Goal(bound=bound)
        known = climb(Problem(K.matrix, model.refinement, budget or model.budget, goal), known_psd=True)
        verdict, found = known.judged(bound, strict=strict), known.enclosure()
        evidence = EvidenceItem(
            Evidence.ENCLOSED, found.method, {"lower": repr(found.lower), "upper": repr(found.upper)}
        )
    return certificate_of(model, verdict, found, bound, evidence, started, relation=">" if strict else ">=")


def check(path: str | os.PathLike[str], *, accelerate: bool = True) -> Checked:
    """Check a certificate, or a folder of them, with the independent checker: VALID, INVALID or UNSUPPORTED.

    The checker shares nothing with the prover and works in exact integers; ``accelerate=False`` keeps it from using
    flint for integer products too. Whatever the file holds, nothing in it is executed. Raises :class:`SpecError` when
    there is no certificate at ``path``. Format and proofs: docs/certificate-format.md.

    >>> import tempfile
    >>> K = population_gram("deq-general", [[1.0, 0.0], [0.0, 1.0]], activation="tanh")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = check(certify(K, at_least="0.5").save(f"{folder}/two-points.json"))
    >>> found.verdict
    'VALID'
    """
    from .numerics.certificates.checking import check_path

    return check_path(_path("check", path), accelerate=accelerate)


def verify(
    study: str | os.PathLike[str] | None = None,
    *,
    out: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    replace: bool = False,
    second_opinion: int | None = None,
) -> Report:
    """Run a study file (or the study that ships with the package) and return its report.

    With ``out`` the run is saved there as it proceeds and continued if it was interrupted; a run of another study is
    left alone (:class:`SpecError`) unless ``replace``. ``jobs`` processes sample the networks; with more than one a
    script must protect its own code by ``if __name__ == "__main__":``.

    With ``second_opinion`` so many enclosed numbers are recomputed with mpmath (docs/second-opinion.md): the report's
    ``second_opinion.contradictions`` are those that lie outside their enclosures, which would be a defect.
    """
    from .numerics.runs.folder import run_folder
    from .numerics.runs.runner import run
    from .numerics.second_opinion.opinion import second_opinion as recompute
    from .reports.model import Report
    from .spec import default_study, read_study

    chosen = default_study() if study is None else read_study(_path("verify", study))
    count = whole(jobs, "jobs", 1, 4096)
    asked = None if second_opinion is None else whole(second_opinion, "second_opinion", 1, 100_000)

    def report(place: Path | None) -> Report:
        results = run(chosen, out=place, jobs=count)
        opinion = None if asked is None else recompute(chosen, asked)
        if opinion is not None and place is not None:
            opinion.save(place)
        return Report(results, second_opinion=opinion)

    if out is None:
        return report(None)
    folder = _path("verify", out)
    with run_folder(folder, chosen, replace=replace):
        return report(folder)


def falsify(
    claim: str,
    *,
    budget: float = 60.0,
    seed: int = 0,
    evaluations: int | None = None,
) -> Falsification:
    """Search for instances where the bounds of a claim or lemma fail or are nearly attained, and prove what is found.

    ``claim`` is the id of a claim or a lemma, the name of one bound, or a system; ``budget`` are processor seconds for
    each bound. A search that is not cut short by them is the same for the same ``seed``. ``evaluations`` limits the
    instances that are tried. Raises :class:`SpecError` where there is no bound of this name. docs/falsifier.md.

    >>> found = falsify("two-layer-logistic.gradient-bound", evaluations=300)
    >>> found.verdict.name, found.sharpness is not None and found.sharpness > 0.5
    ('UNKNOWN', True)
    """
    from .numerics.falsify.bound import find_bounds
    from .numerics.falsify.falsifier import Falsification
    from .numerics.falsify.falsifier import falsify as find

    if not isinstance(claim, str):
        raise SpecError(f"falsify: {claim!r} is not the id of a claim: give it as text.")
    seconds = float(rational(budget, what="budget"))
    if not 0 < seconds <= LONGEST:
        raise SpecError(f"falsify: budget = {seconds:g} is out of range: give processor seconds, such as 60.")
    first = whole(seed, "seed", 0, 2**63)
    count = None if evaluations is None else whole(evaluations, "evaluations", 1, 10**9)
    parts = (find(bound, seed=first, seconds=seconds, evaluations=count) for bound in find_bounds(claim))
    return Falsification(tuple(parts))


def _require_no_radius(caller: str, radius: Any) -> None:
    if not (isinstance(radius, (int, float)) and radius == 0):
        raise SpecError(f"{caller}: a population Gram matrix has its own radius: leave out radius, or give its mid.")


def _path(caller: str, given: object) -> Path:
    if not isinstance(given, (str, os.PathLike)):
        raise SpecError(f"{caller}: {given!r} is not the path of a file or folder: give its name as text.")
    return Path(given)
