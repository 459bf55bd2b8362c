"""BOHB's brackets of successive halving: which configuration to evaluate next, on what budget.

hpbandster's own `BOHB.get_next_iteration` and `SuccessiveHalving`, without its `Master`: no
threads, no condition, no dispatcher.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from hpbandster.core.dispatcher import Job as HpbandsterJob
from hpbandster.optimizers.bohb import BOHB
from hpbandster.optimizers.iterations.successivehalving import SuccessiveHalving

from configspace.hyperparameters import Value
from configspace.job import ConfigurationId
from master.bohb.sampler import Sampler

Configure = Callable[[int, ConfigurationId], tuple[dict[str, Value], dict[str, Any]]]
"""Gives a new configuration's values and hpbandster's notes on it, by first epochs and id."""


class Run(NamedTuple):
    """An evaluation that is due."""

    configuration: ConfigurationId
    values: dict[str, Value]
    epochs: int
    model_based: bool
    is_new: bool
    """Whether this is the configuration's first budget."""


class Brackets(BOHB):  # type: ignore[misc]  # hpbandster is untyped
    """Hands evaluations out in the order of hpbandster's master, and takes their results."""

    def __init__(
        self, budgets: tuple[int, ...], *, eta: int, iterations: int, sampler: Sampler
    ) -> None:
        # Not super().__init__(): it starts threads, and truncates a logarithm to count the rungs.
        self.eta = eta
        self.budgets = budgets
        self.max_SH_iter = len(budgets)
        self.config_generator = sampler
        self.configure: Configure = sampler.get_config
        self.iterations = iterations
        self.started = 0
        self._active: dict[int, SuccessiveHalving] = {}

    @property
    def finished(self) -> int:
        """How many iterations are over."""
        return self.started - len(self._active)

    def is_done(self) -> bool:
        """Return whether nothing is left to hand out or to wait for."""
        return not self._active and self.started >= self.iterations

    def next_run(self) -> Run | None:
        """Return the next evaluation; None while results are awaited, or when all is done."""
        while True:
            for number, bracket in list(self._active.items()):
                due = bracket.get_next_run()
                if bracket.is_finished:
                    del self._active[number]
                if due is not None:
                    configuration, values, epochs = due
                    datum = bracket.data[configuration]
                    picked = datum.config_info["model_based_pick"]
                    return Run(configuration, values, epochs, picked, not datum.results)
            if self.started >= self.iterations:
                return None
            self._active[self.started] = self.get_next_iteration(self.started)
            self.started += 1

    def report(self, configuration: ConfigurationId, epochs: int, loss: float | None) -> None:
        """Take a result in, and let the sampler learn from it.

        Args:
            configuration: Whose result it is.
            epochs: On what budget.
            loss: None for a crash: it leaves its bracket, and the sampler counts it as bad.
        """
        self.config_generator.new_result(self._register(configuration, epochs, loss))

    def drop(self, configuration: ConfigurationId, epochs: int) -> None:
        """Take a configuration out of its bracket without learning anything from it.

        As after a crash, a slot left empty on the next rung is filled by a fresh configuration.
        """
        self._register(configuration, epochs, None)

    def get_next_iteration(self, iteration: int) -> SuccessiveHalving:
        """Return the bracket of an iteration, whose rungs' sizes are counted in integers."""
        bracket = super().get_next_iteration(iteration)
        # hpbandster multiplies by a negative power of eta and truncates: at eta 7, 6 and not 7.
        bracket.num_configs = [
            max(bracket.num_configs[0] // self.eta**rung, 1)
            for rung in range(len(bracket.num_configs))
        ]
        bracket.config_sampler = partial(self._configure, bracket)
        return bracket

    def sizes(self, iteration: int) -> list[tuple[int, int]]:
        """Return an iteration's rungs as (epochs, configurations)."""
        bracket = self.get_next_iteration(iteration)
        return list(zip(bracket.budgets, bracket.num_configs, strict=True))

    def _configure(
        self, bracket: SuccessiveHalving, epochs: int
    ) -> tuple[dict[str, Value], dict[str, Any]]:
        # The id that BaseIteration.add_configuration is about to give.
        number = bracket.actual_num_configs[bracket.stage]
        return self.configure(epochs, (bracket.HPB_iter, bracket.stage, number))

    def _register(
        self, configuration: ConfigurationId, epochs: int, loss: float | None
    ) -> HpbandsterJob:
        bracket = self._active[configuration[0]]
        values = bracket.data[configuration].config
        job = HpbandsterJob(configuration, config=values, budget=epochs)
        job.result = None if loss is None else {"loss": loss}
        bracket.register_result(job)
        return job
