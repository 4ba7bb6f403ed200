"""What was concluded about one claim, from which evidence; the constructor enforces honesty."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, NoReturn

from numpy.typing import NDArray

from ...theory.errors import DerivationGap, PrecisionExhausted, SpecError
from ...theory.printable import shown
from ...theory.verdict import Argument, Evidence, Verdict
from ..balls.enclosure import float_above, float_below
from ..files import write_atomically
from ..records import ByName, End, read, written
from ..replay.activations import NAMES
from ..stored import arrays_as_bytes, damaged, digest, read_json
from .coq.theorem import arrays_given, theorem

FORMAT = "certigram-certificate/2"
KEYS = (
    *("claim", "system", "activation", "verdict", "argument", "scope", "method", "lower", "upper", "margin"),
    *("sharpness", "seconds", "reason", "hypotheses", "evidence", "detail"),
)
"""What a file holds of a certificate, in this order."""
OWN = ("lower", "upper", "margin", "activation")
"""What the prover says otherwise than the proof that a stranger can check."""

VACUOUS = 1e-6
"""A bound that keeps less than this share of what it bounds says next to nothing on this data."""
Extended = Annotated[float | None, End(infinite=True)]


@dataclass(frozen=True, slots=True)
class Proof:
    """The checkable part of a certificate: JSON data, the arrays of its sidecar by name, what the record must say.

    ``record``: ``activation`` and ``parameters`` as the checker writes them, where that is not what the proof holds.
    """

    document: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)
    record: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One piece of evidence: its kind, what it establishes in a sentence, and the numbers behind it.

    A sentence without a computed value is a NOTE:

    >>> EvidenceItem(Evidence.EXACT, "it is obvious")
    Traceback (most recent call last):
        ...
    ValueError: 'it is obvious' is no EXACT evidence: it has no computed value
    """

    kind: Annotated[Evidence, ByName()]
    text: str
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind.rigorous and not any(map(str, self.values.values())):
            raise ValueError(f"{self.text!r} is no {self.kind} evidence: it has no computed value")


@dataclass(frozen=True, slots=True)
class Discharged:
    """A hypothesis and how it was settled; ``verdict`` must be PROVED for the claim to be PROVED."""

    name: str
    verdict: Annotated[Verdict, ByName()]
    text: str


def named_parameters(parameters: Mapping[str, object], normalize: str | None) -> str:
    """The parameters of a kernel on one line, each list of equal entries as one of them, and what norms became.

    >>> named_parameters({"depth": 1, "sigma_w2": ["9/4", "9/4"]}, None)
    ', depth=1, sigma_w2=9/4, normalize=None'
    """
    found = ""
    for key, value in parameters.items():
        if isinstance(value, (list, tuple)) and len(set(value)) == 1:
            if key == "activations":
                continue
            value = value[0]
        if key != "points":
            found += f", {key}={value}"
    return f"{found}, normalize={normalize}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """The verdict on one claim for one activation and data set.

    ``argument`` says how the conclusion follows from the hypotheses, ``scope`` what it was established for (all n
    inputs, one network, a model problem). ``lower``/``upper`` enclose the quantity the claim is about (floats rounded
    outwards, or None), ``margin`` is a proved lower bound of how far the claim is from being false, in the units of
    that quantity, ``sharpness`` encloses the smaller side of its loosest inequality over the larger one (at most 1
    where the claim holds). ``prover`` makes, when the certificate is saved, the part that the independent checker needs
    (docs/certificate-format.md).

    A certificate can be PROVED, ARGUED or REFUTED only from rigorous evidence and with a scope, the first two only when
    each hypothesis is, PROVED only by an argument that a machine has checked, ARGUED only by a proof that exists:

    >>> seen = (EvidenceItem(Evidence.EXPERIMENTAL, "saw it"),)
    >>> Certificate("x.y", "x", "tanh", Verdict.PROVED, seen, argument=Argument.DIRECT, scope="one network")
    Traceback (most recent call last):
        ...
    ValueError: x.y cannot be PROVED: its evidence 'saw it' is EXPERIMENTAL
    >>> known = (EvidenceItem(Evidence.EXACT, "the sum", {"sum": "2"}),)
    >>> Certificate("x.y", "x", "tanh", Verdict.PROVED, known, argument=Argument.WRITTEN, scope="one network")
    Traceback (most recent call last):
        ...
    ValueError: x.y cannot be PROVED: its argument is WRITTEN
    """

    claim: str
    system: str
    activation: str
    verdict: Annotated[Verdict, ByName()]
    evidence: tuple[EvidenceItem, ...] = ()
    hypotheses: tuple[Discharged, ...] = ()
    method: str = ""
    lower: Extended = None
    upper: Extended = None
    margin: Extended = None
    seconds: Annotated[float, End()] = 0.0
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    prover: Callable[[], Proof] | None = field(default=None, compare=False, repr=False)
    argument: Annotated[Argument, ByName()] = Argument.OPEN
    scope: str = ""
    sharpness: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.verdict.rigorous:
            self._require_evidence()
        if self.verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE) and not self.reason:
            raise ValueError(f"{self.claim}: {self.verdict} needs a reason")
        for name in ("lower", "upper", "margin", "seconds"):
            end = getattr(self, name)
            if not (isinstance(end, float) or type(end) is int or (end is None and name != "seconds")) or end != end:
                raise ValueError(f"{self.claim}: {name} = {end!r} is no number")
        if self.lower is not None and self.upper is not None and self.lower > self.upper:
            raise ValueError(f"{self.claim}: lower = {self.lower!r} is above upper = {self.upper!r}")
        if self.sharpness is not None and not 0 <= self.sharpness[0] <= self.sharpness[1]:
            raise ValueError(f"{self.claim}: sharpness = {self.sharpness!r} is no interval of shares")

    @property
    def vacuous(self) -> bool:
        """Whether an inequality of the claim is proved to keep less than a millionth of what it bounds here."""
        return self.sharpness is not None and self.sharpness[1] < VACUOUS

    def _require_evidence(self) -> None:
        cannot = f"{self.claim} cannot be {self.verdict}"
        for item in self.evidence:
            if item.kind is Evidence.EXPERIMENTAL:
                raise ValueError(f"{cannot}: its evidence {item.text!r} is EXPERIMENTAL")
        if not any(item.kind.rigorous for item in self.evidence):
            raise ValueError(f"{cannot}: no evidence with a computed value is given")
        if not self.scope:
            raise ValueError(f"{cannot}: it does not say for what")
        if self.verdict.favourable:
            for hypothesis in self.hypotheses:
                if hypothesis.verdict is not Verdict.PROVED:
                    raise ValueError(f"{cannot}: hypothesis {hypothesis.name!r} is {hypothesis.verdict}")
        needed = {Verdict.PROVED: True, Verdict.ARGUED: False}.get(self.verdict, self.argument.mechanical)
        if self.argument is Argument.OPEN or needed is not self.argument.mechanical:
            raise ValueError(f"{cannot}: its argument is {self.argument}")

    def __repr__(self) -> str:
        data, system = self.detail.get("data"), ""
        named = ""
        if self.system not in ("matrix", "kernel") and "parameters" in self.detail and isinstance(data, dict):
            system, named = f"{self.system}, ", named_parameters(self.detail["parameters"], data.get("normalize"))
        what = f"{self.claim}, {system}{self.activation}{named}: {self.verdict.name}"
        stated = self.detail.get("statement")
        proved = any(item.kind.rigorous for item in self.evidence)
        ends = "" if self.lower is None or self.upper is None else f"; proved [{self.lower!r}, {self.upper!r}]"
        return f"Certificate({what}{'' if stated is None else f' {stated}'}{ends if proved else ''})"

    def __bool__(self) -> NoReturn:
        raise TypeError("a Certificate has no truth value: compare its verdict, e.g. `cert.verdict is Verdict.PROVED`")

    def to_json(self) -> dict[str, Any]:
        """The certificate as plain JSON data; an infinite end is text, in ``detail`` such a number becomes null."""
        found = written(self) | {"seconds": round(self.seconds, 6)}
        return {"format": FORMAT, **{key: found[key] for key in KEYS}}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Certificate:
        """Read back what :meth:`to_json` or :meth:`save` wrote; raises :class:`SpecError` when it is not that."""
        try:
            if not isinstance(data, dict):
                raise SpecError("it is no JSON object.")
            if data["format"] != FORMAT:
                raise SpecError(
                    f"its format is {data['format']!r} and not {FORMAT!r}; `certigram check` still checks older ones."
                )
            return read(cls, _as_proved(data))
        except KeyError as error:
            raise SpecError(f"this is not a certificate: it has no {error}.") from None
        except (TypeError, AttributeError, SpecError) as error:
            raise SpecError(f"this is not a certificate: {str(error).rstrip('.')}.") from None

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the certificate as JSON, whole or not at all (write, then rename), and its arrays beside it as .npz.

        With a ``prover`` the file holds a proof that ``certigram check`` can repeat; its bounds are then those that the
        witness supports, a little weaker than ``lower`` and ``upper``, which stay in the file as ``prover``. Where no
        rule exists, ``detail`` says so. Raises :class:`SpecError` when ``detail`` holds something that JSON has not.
        """
        given: object = path
        if not isinstance(given, (str, os.PathLike)):
            raise SpecError(f"certificate: {shown(given)} is not the path of a file: give its name as text.")
        path, data, arrays = Path(path), self.to_json(), None
        if self.prover is not None and self.verdict is not Verdict.UNKNOWN:
            try:
                proof = self.prover()
            except (DerivationGap, PrecisionExhausted) as gap:
                data["detail"] = {**data["detail"], "not checkable": str(gap)}
            else:
                _restate(data, proof)
                arrays = arrays_as_bytes(proof.arrays)
        try:
            data = json.loads(json.dumps(data, allow_nan=False))  # as a reader finds it
            told = {"record": digest(data), "sidecar": None if arrays is None else sha256(arrays).hexdigest()}
            text = json.dumps({**data, "digest": told}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            raise SpecError(f"{path}: this certificate cannot be written ({error}): keep to JSON data.") from None
        if path.suffix == ".npz":
            raise SpecError(
                f"{path}: a certificate is JSON, with its arrays beside it as .npz: choose a name in .json."
            )
        if arrays is not None:
            write_atomically(path.with_suffix(".npz"), arrays)
        return write_atomically(path, text)

    def to_coq(self, *, backend: str = "float") -> str:
        """The bounds as theorems of Coq, as text of a file that ``certigram check --coq`` checks (docs/coq.md).

        ``backend`` says how Coq computes: ``"float"``, ``"bigint"`` (words only, more digits, slower) or ``"z"`` (no
        primitive type of the processor, much slower). Raises :class:`SpecError` where the library of Coq has no theorem
        about the kernel, or nothing was decided.
        """
        if self.prover is None or self.verdict is Verdict.UNKNOWN:
            raise SpecError("to_coq: this certificate carries no proof: only a decided bound of an eigenvalue has one.")
        try:
            proof = self.prover()
        except (DerivationGap, PrecisionExhausted) as gap:
            raise SpecError(f"to_coq: {gap}") from None
        return theorem(proof.document, arrays_given(proof.arrays), backend=backend)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Certificate:
        """The certificate of a file that :meth:`save` wrote, with its sidecar as it was written.

        Raises :class:`SpecError` when either is missing, damaged or edited. This is no proof: ``certigram check`` is.
        """
        path = Path(path)
        data = read_json(path)
        try:
            found = cls.from_json(data)
        except SpecError as error:
            raise damaged(path, error) from None
        told, side = data.pop("digest", None), path.with_suffix(".npz")
        if not isinstance(told, dict) or told.get("record") != digest(data):
            raise damaged(path, "it is not what was written")
        if "proof" in data and not (side.is_file() and sha256(side.read_bytes()).hexdigest() == told.get("sidecar")):
            raise damaged(side, "missing, or not what was written")
        return found


def _as_proved(data: dict[str, Any]) -> dict[str, Any]:
    """The record with what its prover said in place of what the witness supports: the inverse of :func:`_restate`."""
    prover = {key: data["prover"][key] for key in OWN if key in data.get("prover", {})}
    said = {key: (repr(data[key]), repr(prover[key])) for key in ("lower", "upper") if key in prover}
    evidence = [
        {**item, "values": {k: said[k][1] if (k in said and x == said[k][0]) else x for k, x in item["values"].items()}}
        for item in data["evidence"]
    ]
    return {**{key: data[key] for key in KEYS}, **prover, "evidence": evidence}


def _restate(data: dict[str, Any], proof: Proof) -> None:
    """Put the proof into the record, and what it supports in place of the prover's: bounds, and the activation.

    A name stays where it means to the checker what is proved; otherwise the record names the activation as the proof
    does, so that every word of it is checked; likewise the data where the kernel sees them rescaled and rounded. What
    the prover says stays under ``prover``, the data that were given under ``detail``.
    """
    statement, kernel, seen = proof.document["statement"], proof.document["kernel"], proof.document["data"]
    expression = proof.record.get("activation", kernel.get("activation", data["activation"]))
    lower, upper = Fraction(statement["lower"]), Fraction(statement["upper"])
    data["proof"] = proof.document
    data["prover"] = {key: data[key] for key in OWN}
    if sorted(NAMES.get(data["activation"], data["activation"]).split(" + ")) != sorted(expression.split(" + ")):
        data["activation"] = expression
    data["lower"], data["upper"] = float_below(lower), float_above(upper)
    data["margin"] = float_below(lower - Fraction(statement["bound"]))
    data["detail"] = {k: v for k, v in data["detail"].items() if k not in ("kernel", "cosines", "relative_width")}
    if "parameters" in proof.record and "parameters" in data["detail"]:
        data["detail"]["parameters"] = proof.record["parameters"]
    told = data["detail"].get("data", seen)
    if told["sha256"] != seen["sha256"]:
        data["detail"]["data"] = {key: x for key, x in seen.items() if key not in ("input_gram", "entries", "radius")}
        data["detail"]["data that were given"] = told
    for item in data["evidence"]:
        if "lower" in item["values"]:
            item["values"] = {**item["values"], "lower": repr(data["lower"]), "upper": repr(data["upper"])}


def fraction_text(q: Fraction) -> str:
    """An exact rational as text for a certificate: ``p/q``."""
    return f"{q.numerator}/{q.denominator}" if q.denominator != 1 else str(q.numerator)
