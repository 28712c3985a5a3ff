"""Whether to train now, by the objective's policy. Pure and without memory: the same facts give the same plan.

So it may be asked again at any moment, also after a crash: what a plan asked for is a fact by then, or is asked for
again. A run that never reached the gate is tried again soon, one that the gate refused after the cooldown, and both
later with each failure (exponential backoff). A run whose release was taken back later counts as refused then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from towpath.core.objective.parts import Retraining
from towpath.core.objective.periods import seconds_of
from towpath.training.domain.retraining.facts import Facts, PastRun, Trouble, covers
from towpath.training.domain.retraining.plan import Call, Plan, Start, Told, Wait

__all__ = ["FAILING", "HUNG", "LABELS", "RETRY_S", "earliest", "plan", "worth"]

FAILING, HUNG, LABELS = "retraining/failing", "retraining/hung", "retraining/labels"
RETRY_S = 60.0
"""After the first run that failed before the gate; doubles with each, up to the cooldown."""


@dataclass(frozen=True, slots=True)
class _Cause:
    """That would start a run. One that is not `counted` needs no new labels beside those that it is made of."""

    name: str
    why: str
    alert_id: str = ""
    trace_id: str = ""
    document_ids: tuple[str, ...] = ()
    counted: bool = True


def plan(policy: Retraining, facts: Facts, now: float) -> Plan:
    """What is to be done at `now`, in seconds since the epoch."""
    told, causes = list[Told](), list[_Cause]()
    for trouble in facts.troubles:
        if any(covers(each, trouble.cause) for each in policy.causes):
            said, cause = _answer(policy, facts, trouble)
            told += [] if said is None else [said]
            causes += [] if cause is None else [cause]
    causes += [*_by_labels(policy, facts), *_by_schedule(policy, facts, now)]
    calls = [*_hung(facts), *_failing(policy, facts)]
    if not causes:
        return Plan(None, tuple(told), tuple(calls))
    names = tuple(dict.fromkeys(each.name for each in causes))
    wait, asked = _wait(policy, facts, now, causes, names)
    calls += [] if asked is None else [asked]
    start = _start(causes, names) if wait is None else None
    return Plan(start, tuple(told), tuple(calls), wait)


def worth(policy: Retraining, trouble: Trouble) -> float:
    """What it costs over the documents that are expected, in the unit."""
    return trouble.harm / 1000 * policy.expected_documents


def earliest(policy: Retraining, facts: Facts) -> float:
    """Seconds since the epoch before which no run starts by itself."""
    last = next((run for run in facts.runs if run.by_itself and run.ended_at is not None), None)
    if last is None or last.ended_at is None:
        return 0.0
    failures, cooldown = facts.failures, seconds_of(policy.cooldown)
    if last.status == "failed":
        tries = next((n for n, run in enumerate(failures) if run.status != "failed"), len(failures))
        return last.ended_at + min(cooldown, RETRY_S * 2.0 ** max(0, tries - 1))
    refused = sum(run.status == "succeeded" for run in failures)
    return float(max(run.settled_at for run in facts.runs if run.by_itself) + cooldown * 2**refused)


def _answer(policy: Retraining, facts: Facts, trouble: Trouble) -> tuple[Told | None, _Cause | None]:
    """What is to be told of an alert, and the cause that it is of a run that is still to come."""
    run = next((run for run in facts.runs if run.answers(trouble)), None)
    gain = worth(policy, trouble)
    sum_ = f"{trouble.harm:g} {facts.unit} more per 1,000 documents are {gain:,.6g} {facts.unit} over "
    sum_ += f"{policy.expected_documents:,}, and a run costs {policy.run_cost:g}"
    cause = _Cause(trouble.cause, f"{trouble.cause}: {sum_}", trouble.alert_id, trouble.trace_id, trouble.document_ids)
    if run is None:
        if trouble.decided and not _in_vain(facts, trouble):
            return None, None
        if gain <= policy.run_cost:
            return Told(trouble.alert_id, f"not worth a run: {sum_}"), None
        return None, cause
    known = trouble.told_run == run.run_id or (trouble.decided and not run.by_itself)
    told = None if known else Told(trouble.alert_id, _led_to(run, trouble, sum_), run.run_id)
    again = run.ended and not run.released and gain > policy.run_cost
    return told, cause if again else None


def _in_vain(facts: Facts, trouble: Trouble) -> bool:
    """Whether what was told of it last is a run that came to nothing since."""
    told = next((run for run in facts.runs if run.run_id == trouble.told_run), None)
    return told is not None and told.ended and not told.released


def _led_to(run: PastRun, trouble: Trouble, why: str) -> str:
    if trouble.alert_id in run.alert_ids:
        return f"run {run.run_id} started: {why}"
    if run.by_itself:
        return f"run {run.run_id} was going on for {trouble.cause} already: one cause, one run"
    return f"run {run.run_id} was started by a person since"


def _by_labels(policy: Retraining, facts: Facts) -> Iterator[_Cause]:
    new, wanted = facts.new_documents, policy.new_annotated_documents
    if new >= wanted:
        yield _Cause("labels", f"{new} newly annotated documents, {wanted} are the policy", counted=False)


def _by_schedule(policy: Retraining, facts: Facts, now: float) -> Iterator[_Cause]:
    if policy.every is None:
        return
    last = facts.last_look
    if last is None:
        yield _Cause("schedule", f"no run yet, one every {policy.every} is the policy")
    elif now >= last.began_at + seconds_of(policy.every):
        days = (now - last.began_at) / 86_400
        yield _Cause("schedule", f"{days:.3g} days since the last run, one every {policy.every} is the policy")


def _wait(
    policy: Retraining, facts: Facts, now: float, causes: Sequence[_Cause], names: tuple[str, ...]
) -> tuple[Wait | None, Call | None]:
    """What the run waits for, None when it may start, and what somebody is asked for meanwhile."""
    running = facts.going_on
    if running is not None:
        return Wait(names, f"the end of {running.run_id}"), None
    if len(facts.failures) >= policy.max_failures:
        return Wait(names, "a person: see the alert retraining/failing"), None
    missing = policy.min_new_documents - facts.new_documents if all(each.counted for each in causes) else 0
    if missing > 0:
        said = f"{missing} more annotated documents"
        summary = f"{said} are wanted before a run for {', '.join(names)}"
        evidence = {"wanted": float(policy.min_new_documents), "have": float(facts.new_documents)}
        trace = next((each.trace_id for each in causes if each.trace_id), "")
        shown = tuple(dict.fromkeys(name for each in causes for name in each.document_ids))
        command = f"towpath labels next --count {missing} -o next.ndjson"
        return Wait(names, said), Call(LABELS, "info", summary, evidence, trace, command, shown)
    since = earliest(policy, facts)
    if now >= since:
        return None, None
    longer = f", longer after {len(facts.failures)} without a release" if facts.failures else ""
    return Wait(names, f"the pause after the last run{longer}", since), None


def _start(causes: Sequence[_Cause], names: tuple[str, ...]) -> Start:
    return Start(
        names,
        tuple(each.alert_id for each in causes if each.alert_id),
        "; ".join(each.why for each in causes),
        next((each.trace_id for each in causes if each.trace_id), ""),
    )


def _hung(facts: Facts) -> Iterator[Call]:
    last = next((run for run in facts.runs if run.ended), None)
    if last is not None and last.given_up:
        yield Call(HUNG, "warning", f"{last.run_id} took too long and was given up: see its log, GET /v1/runs")


def _failing(policy: Retraining, facts: Facts) -> Iterator[Call]:
    failures = facts.failures
    if len(failures) < policy.max_failures:
        return
    told = f"{len(failures)} runs by itself without a release, the last {failures[0].run_id}"
    lost = sum(run.lost_at is not None for run in failures)
    refused = sum(run.status == "succeeded" for run in failures) - lost
    evidence = {"failures": float(len(failures)), "refused": float(refused), "taken_back": float(lost)}
    yield Call(FAILING, "warning", f"{told}: see its report, mend what is wrong, then towpath train", evidence)
