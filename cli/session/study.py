"""Serving a study: from its record in the store to the summary of the run."""

import contextlib

from cli.console.display import hyperparameter_grid
from cli.console.words import duration
from cli.session.serve import Session
from configspace.errors import ServiceError, StoreError
from configspace.names import counted
from configspace.signals import signal_of
from configspace.study import Study
from configspace.versions import versions
from master.service.lock import study_lock
from master.service.master import RunResult
from master.sources.study import BohbSource
from results.store.store import Store


def serve_study(study: Study, session: Session) -> int:
    """Serve a study until it is done or the user stops it; return the exit code.

    Args:
        study: The study to evaluate.
        session: The store, the workers and the settings.

    Raises:
        DartboardError: If the store, the port or the workers cannot be used, or no evaluation
            finished.
    """
    session.logs.set_up(session.console, study=study.name)
    with Store.open(session.url) as store, study_lock(session.url, study.name):
        store.begin(study, versions(), accept_version_change=session.accept_version_change)
        title = f"[bold]{study.name}[/] · {study.objective} · {study.problem.name}"
        try:
            source = BohbSource.resume(study, store)
            if (known := source.progress().finished) > 0:
                session.console.print(
                    f"study {study.name}: resuming after {known} finished evaluations"
                )
            if study.search.watches:
                _name_rungs_without_a_stop(study, session)
            result = session.serve(source, store, title)
        except BaseException:
            with contextlib.suppress(StoreError):  # the store itself may have failed
                store.end(study.name, "stopped")
            raise
        store.end(study.name, result.state)
    _summarize(study, result, session)
    if result.state == "stopped":
        return session.explain_resuming()
    if not result.snapshot.progress.incumbent:
        raise ServiceError(
            f"study {study.name!r} is done, but none of its evaluations finished",
            advice=f"'dartboard export {study.name} --what evaluations' shows the reason of each "
            "in its column message",
        )
    return 0


def _name_rungs_without_a_stop(study: Study, session: Session) -> None:
    hessian = study.search.hessian
    never = [str(epochs) for epochs in study.rungs() if not hessian.can_stop(epochs)]
    if never:
        session.console.print(
            f"study {study.name}: {study.search.variant} cannot stop a search of "
            f"{' or '.join(never)} epochs, because its rule needs more measurements; such a "
            "search is one of darts"
        )


def _summarize(study: Study, result: RunResult, session: Session) -> None:
    progress = result.snapshot.progress
    failed = "".join(
        f", {count} {word}"
        for count, word in ((progress.crashed, "crashed"), (progress.lost, "lost"))
        if count
    )
    finished = f"{counted(progress.finished, 'evaluation')} finished"
    configurations = counted(progress.sampled, "configuration")
    session.console.print(
        f"study {study.name} {result.state}: {finished}{failed}, "
        f"{progress.model_based} of {configurations} picked by the model, "
        f"{duration(result.snapshot.elapsed_seconds)} in this run",
        highlight=False,
        soft_wrap=True,
    )
    if best := progress.incumbent:
        aggregated = f"{study.evaluation.aggregate} of {counted(study.evaluation.trials, 'trial')}"
        session.console.print(
            f"incumbent {best.configuration}: {signal_of(best.objective).stated(best.score)} "
            f"at {counted(best.epochs, 'epoch')} ({aggregated})",
            highlight=False,
        )
        session.console.print(hyperparameter_grid(best.hyperparameters))
