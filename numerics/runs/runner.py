"""Run a study: every claim of every system on every activation, saved as it is finished, continued after a kill."""

from __future__ import annotations

import hashlib
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...theory.claims.claim import Claim
from ...theory.claims.system import System, system
from ...theory.errors import CertigramError, SpecError
from ...theory.printable import printable
from ...theory.verdict import Verdict
from ...theory.version import __version__
from ..balls.ends import upper_float
from ..balls.threads import blas_threads
from ..certificates.certificate import Certificate
from ..checks.registry import decide
from ..checks.sampled import Sampleable, SampledInstance, sampleable
from ..sampling.experiment import Plan, Sample, Subject
from ..sampling.experiment import run as run_sampling
from ..sampling.looks import look, share
from ..sampling.statistics import ErrorBudget, Outcome, StatisticalTest
from ..sampling.workers import Workers
from ..studies.instance import Instance
from ..studies.networks import has_sampler, instance
from ..studies.study import Study
from ..studies.workspace import Workspace
from .archive import remove_stale
from .folder import SAMPLES
from .results import Results


@dataclass(frozen=True, slots=True)
class Event:
    """What a run reports as it works: ``kind`` is start, work, claim, sample or note; ``done`` of ``total`` units."""

    kind: str
    text: str
    done: int = 0
    total: int = 0
    certificate: Certificate | None = None


Listener = Callable[[Event], None]


def run(study: Study, *, out: Path | None = None, listen: Listener | None = None, jobs: int | None = None) -> Results:
    """Check every claim of every system of the study.

    ``out`` receives ``certificates/<claim>--<subject>.json``, each written whole when it is finished, and the
    samples; a second run of the same study reads them and continues. Raises :class:`SpecError` when no subject of any
    system admits the parameters (for instance ``sigma_w2`` outside the contraction range for all activations).
    """
    return _Run(study, out, listen, jobs).results()


def sample(
    study: Study, *, out: Path | None = None, listen: Listener | None = None, jobs: int | None = None
) -> tuple[int, int]:
    """Sample the networks of the study alone, into the same store; how many there are, and how many were asked for."""
    return _Run(study, out, listen, jobs).sampled()


def _record(o: Outcome) -> dict[str, Any]:
    """A settled test for the report: with its interval, and the values that a false theory would predict."""
    return {
        "name": o.test.name,
        "verdict": o.verdict.name,
        "p": o.adjusted_p,
        "interval": [end if math.isfinite(end) else None for end in o.interval],
        "alternatives": list(o.test.not_excluded((-math.inf, math.inf))),
    }


WORTH_A_PROCESS = 50
"""Inputs from which on subjects are checked in processes of their own, whose start takes some seconds."""
Item = tuple[str, str]
"""A system and one of its subjects."""


def _checker(setting: tuple[Study, Path, float]) -> Callable[[Item], Item]:
    """What a process does with a subject: its certificates go into the folder, from where the run reads them."""
    study, out, deadline = setting

    def check(item: Item) -> Item:
        one = _Run(study, out, None, 1)
        one.workspace = replace(one.workspace, deadline=deadline)  # that of the whole run
        with blas_threads(1):
            one.rigorous(system(item[0]), instance(*item, study, one.workspace))
        return item

    return check


class _Run:
    """One run: the state that its steps share."""

    def __init__(self, study: Study, out: Path | None, listen: Listener | None, jobs: int | None) -> None:
        self.study, self.out = study, out
        self.listen: Listener = listen or (lambda event: None)
        self.jobs = jobs or max(1, min(os.cpu_count() or 1, 16))
        self.started = time.monotonic()
        self.workspace = Workspace(
            store=None if out is None else out / SAMPLES,
            study=study.digest,
            jobs=self.jobs,
            deadline=self.started + study.budget.seconds,
            progress=lambda text, done, total: self.listen(Event("sample", text, done, total)),
            tell=self._tell,
        )
        self.refused: list[SpecError] = []
        self.found: list[Certificate] = []
        self.pending: list[tuple[int, tuple[StatisticalTest, ...]]] = []
        self.notes: list[str] = [f"data: {note}." for note in study.data.notes]
        self.done = self.total = 0
        self.complete = True

    def results(self) -> Results:
        """Everything, in the order of the claims."""
        plan = [(system(s), self._instances(system(s))) for s in self.study.systems]
        if len(self.refused) == sum(len(instances) for _, instances in plan):
            raise self.refused[0]
        self.total = sum(1 if claim.activation_free else len(instances) for s, instances in plan for claim in s.claims)
        self.listen(Event("start", self.study.data.description, 0, self.total))
        settled = self._spread({(s.name, inst.subject): inst for s, instances in plan for inst in instances})
        for s, instances in plan:
            for inst in instances:
                if (s.name, inst.subject) not in settled:
                    self.rigorous(s, inst)
            self._statistical(s, instances)
        self._settle()
        if self.out is not None:
            remove_stale(self.out, self.study.digest)
        order = {claim.id: k for s, _ in plan for k, claim in enumerate(s.claims)}
        place = {name: k for k, name in enumerate(self.study.all_subjects)}
        self.found.sort(
            key=lambda c: (self.study.systems.index(c.system), place.get(c.activation, len(place)), order[c.claim])
        )
        return Results(
            self.study,
            tuple(self.found),
            time.monotonic() - self.started,
            __version__,
            self.complete,
            tuple(self.notes),
        )

    def sampled(self) -> tuple[int, int]:
        """The networks alone."""
        done = total = 0
        for s in map(system, self.study.systems):
            if any(claim.statistical for claim in s.claims) and has_sampler(s.name):
                found, _, _ = self._sample(s, self._sampleable(self._instances(s)))
                done += len(found.units) if found is not None else 0
                total += len(self.study.widths) * self.study.replicates
        for note in self.notes:
            self.listen(Event("note", note))
        return done, total

    def _instances(self, s: System) -> list[Instance]:
        instances = [instance(s.name, name, self.study, self.workspace) for name in self.study.subjects(s.name)]
        for inst in instances:
            try:
                inst.admit()
            except SpecError as error:
                self.refused.append(error)
        return instances

    def _out_of_time(self) -> bool:
        return self.workspace.seconds_left() <= 0

    # -- claims ---------------------------------------------------------------------

    def rigorous(self, s: System, inst: Instance) -> None:
        """The claims of a system with one subject that no experiment decides."""
        first = inst.subject == self.study.subjects(s.name)[0]
        for claim in s.claims:
            if not claim.statistical and (first or not claim.activation_free):
                self._rigorous(claim, inst)

    def _spread(self, instances: dict[Item, Instance]) -> set[Item]:
        """The same for each subject in a process of its own, which leaves its certificates in the folder of the run."""
        settled: set[Item] = set()
        if self.out is None or min(self.jobs, len(instances)) < 2 or self.study.data.n < WORTH_A_PROCESS:
            return settled

        def finish(item: Item) -> None:
            settled.add(item)
            self.rigorous(system(item[0]), instances[item])

        setting = (self.study, self.out, self.workspace.deadline)
        self.listen(
            Event("work", f"checking {len(instances)} subjects in {self.jobs} processes", self.done, self.total)
        )
        more, named = (lambda: not self._out_of_time()), "{0[1]} of {0[0]}".format
        Workers(_checker, setting, finish=finish, more=more, name=named, tell=self._tell).run(instances, self.jobs)
        return settled

    def _rigorous(self, claim: Claim, inst: Instance) -> None:
        saved = self._load(claim, "any" if claim.activation_free else inst.subject)
        if saved is not None:
            self._add(saved)
            return
        if self._out_of_time():
            self._add(self._not_started(claim, inst.subject))
            return
        certificate, _ = self._decided(claim, inst)
        self._save(certificate)
        self._add(certificate)

    def _decided(self, claim: Claim, inst: Instance) -> tuple[Certificate, tuple[StatisticalTest, ...]]:
        self.listen(Event("work", f"{claim.label} {claim.title}, {inst.subject}", self.done, self.total))
        try:
            return decide(claim, inst)
        except SpecError as error:
            return self._plain(claim, inst.subject, Verdict.NOT_APPLICABLE, str(error)), ()

    def _not_started(self, claim: Claim, subject: str) -> Certificate:
        self.complete = False
        seconds = self.study.budget.seconds
        return self._plain(claim, subject, Verdict.UNKNOWN, f"not started: the {seconds:g} s of the budget had run out")

    def _plain(self, claim: Claim, subject: str, verdict: Verdict, reason: str) -> Certificate:
        name = "any" if claim.activation_free else subject
        return Certificate(
            claim.id, claim.system, name, verdict, method=claim.method, reason=reason, argument=claim.argument
        )

    def _add(self, certificate: Certificate) -> None:
        self.found.append(certificate)
        self.done += 1
        self.listen(Event("claim", certificate.claim, self.done, self.total, certificate))

    # -- sampling -------------------------------------------------------------------

    def _statistical(self, s: System, instances: list[Instance]) -> None:
        claims = [claim for claim in s.claims if claim.statistical]
        if not claims:
            return
        sampled = self._with_networks(s, instances) if has_sampler(s.name) else instances
        for claim in claims:
            for inst in sampled[:1] if claim.activation_free else sampled:
                if self._out_of_time():
                    self._add(self._not_started(claim, inst.subject))
                    continue
                certificate, tests = self._decided(claim, inst)
                if tests:  # its verdict waits for the other tests of the study
                    self.pending.append((len(self.found), tests))
                    self.found.append(certificate)
                else:
                    self._add(certificate)

    def _with_networks(self, s: System, instances: list[Instance]) -> list[Instance]:
        """The instances with the one sample of networks that they share, those that were sampled first."""
        equilibria = self._sampleable(instances)
        sample, why_not, subjects = self._sample(s, equilibria)
        found: list[Instance] = [SampledInstance(inst, sample, k, why_not) for k, inst in enumerate(subjects)]
        missing: list[Instance] = [
            SampledInstance(inst, None, 0, why_not or f"no networks with {inst.subject} were sampled: see the notes.")
            for inst in equilibria
            if inst not in subjects
        ]
        return [*found, *missing]

    @staticmethod
    def _sampleable(instances: list[Instance]) -> list[Sampleable]:
        """Those whose Gram matrices can be sampled."""
        return [inst for inst in instances if sampleable(inst)]

    def _sample(self, s: System, instances: list[Sampleable]) -> tuple[Sample | None, str, list[Sampleable]]:
        study = self.study
        if not study.widths:
            return None, "the study samples no networks: give widths in [finite-width].", []
        if study.data.points is None:
            return None, "networks need input points, and this study gives only their Gram matrix.", []
        if self._out_of_time():
            self.complete = False
            return None, "not started: the time of the budget had run out.", []
        subjects, chosen = [], []
        for inst in instances:
            try:
                matrix, inputs = inst.gram, inst.network_inputs
                subjects.append(Subject(inst.activation, matrix.mid, matrix.radius_norm(), upper_float(inst.lipschitz)))
                chosen.append(inst)
            except CertigramError as error:
                self.notes.append(f"{inst.activation.name}: no networks were sampled: {error}")
        if not chosen:
            return None, "no activation of the study has an equilibrium.", []
        plan = Plan(
            system=s.name,
            points=inputs,
            subjects=tuple(subjects),
            widths=study.widths,
            seeds=study.replicates,
            seed=study.budget.seed,
            parameters={p.name: study.parameter(s.name, p.name) for p in s.parameters if p.sampled},
        )
        total = len(plan.units())
        self.listen(Event("sample", "sampling networks", 0, total))
        left = max(self.workspace.seconds_left(), 1.0)
        sample = run_sampling(
            plan,
            jobs=self.jobs,
            store=self.workspace.store,
            seconds=left,
            on_unit=lambda unit, done, of: self.listen(Event("sample", f"networks of width {unit.width}", done, of)),
            on_damage=self._tell,
            on_death=self._tell,
        )
        if not sample.complete:
            self.complete = False
            self.notes.append(
                f"{len(sample.units)} of {total} networks were sampled before the time of the budget ran out"
            )
        return sample, "", chosen

    def _settle(self) -> None:
        """One error budget for all statistical tests of the study."""
        tests = [test for _, group in self.pending for test in group]
        times = look(self.workspace.store, self.study.digest, tests)
        level = self.study.alpha * share(times)
        if times > 1:
            self.notes.append(
                f"this is look {times} at these samples: its tests share the level {level:.3g}, so that all looks"
                f" together keep {self.study.alpha:g}"
            )
        outcomes = iter(ErrorBudget(level).settle(tests))
        for place, group in self.pending:
            settled = [next(outcomes) for _ in group]
            against = next((o for o in settled if o.verdict is Verdict.INCONSISTENT), None)
            weak = next((o for o in settled if o.verdict is Verdict.UNKNOWN), None)
            decisive = against or weak
            verdict = decisive.verdict if decisive else Verdict.CONSISTENT
            reason = f"{decisive.test.name}: {decisive.reason}" if decisive else ""
            pending = self.found[place]
            detail = {**pending.detail, "tests": [_record(o) for o in settled]}
            final = replace(pending, verdict=verdict, reason=reason, detail=detail)
            self.found[place] = final
            self._save(final)
            self.done += 1
            self.listen(Event("claim", final.claim, self.done, self.total, final))

    # -- the store ------------------------------------------------------------------

    def _path(self, claim: str, name: str) -> Path | None:
        if self.out is None:
            return None
        safe = "".join(ch if ch.isalnum() or ch in "-_." else "_" for ch in name)[:80]
        place = self.study.all_subjects.index(name) if name in self.study.all_subjects else 0
        return self.out / "certificates" / f"{claim.replace(chr(39), '')}--{place}-{safe}.json"

    def _save(self, certificate: Certificate) -> None:
        path = self._path(certificate.claim, certificate.activation)
        if path is not None:
            names = [p.name for p in system(certificate.system).parameters]
            given = {name: str(self.study.parameter(certificate.system, name)) for name in names}
            about = {"data": self.study.data.summary(), "parameters": given}
            mark = {"study": self.study.digest, "version": __version__, "claim": self._meaning(certificate.claim)}
            detail = {**certificate.detail, **about, **mark}
            replace(certificate, detail=detail).save(path)

    def _load(self, claim: Claim, subject: str) -> Certificate | None:
        path = self._path(claim.id, subject)
        if path is None or not path.exists():
            return None
        try:
            found = Certificate.read(path)
        except SpecError as error:
            self._tell(f"{error} The claim is checked again.")
            return None
        mark = {"study": self.study.digest, "version": __version__, "claim": self._meaning(claim.id)}
        mine = all(found.detail.get(key) == value for key, value in mark.items())
        return found if mine and (found.claim, found.activation) == (claim.id, subject) else None

    @staticmethod
    def _meaning(claim: str) -> str:
        """A digest of what a claim says, assumes and rests on: a certificate of another wording is not taken up."""
        found = system(claim.partition(".")[0]).claim(claim)
        return hashlib.sha256(repr(found).encode()).hexdigest()[:16]

    def _tell(self, sentence: str) -> None:
        self.listen(Event("note", printable(sentence)))
