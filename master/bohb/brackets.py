"""BOHB's brackets of successive halving: which configuration to evaluate next, on which budget.

This uses hpbandster's `BOHB.get_next_iteration` and `SuccessiveHalving` without its `Master`: no
threads, no condition variable, no dispatcher.
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
"""Returns the values of a new configuration and hpbandster's notes on it, by epochs and id."""


class Run(NamedTuple):
    """The next evaluation."""

    configuration: ConfigurationId
    values: dict[str, Value]
    epochs: int
    model_based: bool
    is_new: bool
    """Whether this is the first budget of the configuration."""


class Brackets(BOHB):  # type: ignore[misc]  # hpbandster is untyped
    """Returns evaluations in the order of hpbandster's master, and records their results."""

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
        """Number of iterations that have ended."""
        return self.started - len(self._active)

    def is_done(self) -> bool:
        """Return whether all evaluations have been returned and have ended."""
        return not self._active and self.started >= self.iterations

    def next_run(self) -> Run | None:
        """Return the next evaluation; None if a result must arrive first, or all are done."""
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
        """Record a result, and pass it to the sampler.

        Args:
            configuration: Id of the configuration.
            epochs: Budget of the evaluation.
            loss: The loss; None for a crash. A crashed configuration leaves its bracket, and the
                sampler counts it as bad.
        """
        self.config_generator.new_result(self._register(configuration, epochs, loss))

    def drop(self, configuration: ConfigurationId, epochs: int) -> None:
        """Remove a configuration from its bracket. The sampler learns nothing from it.

        As after a crash, a new configuration fills a slot that stays empty on the next rung.
        """
        self._register(configuration, epochs, None)

    def get_next_iteration(self, iteration: int) -> SuccessiveHalving:
        """Return the bracket of an iteration, with the sizes of its rungs counted in integers."""
        bracket = super().get_next_iteration(iteration)
        # hpbandster multiplies by a negative power of eta and truncates: at eta 7 it gets 6, not 7.
        bracket.num_configs = [
            max(bracket.num_configs[0] // self.eta**rung, 1)
            for rung in range(len(bracket.num_configs))
        ]
        bracket.config_sampler = partial(self._configure, bracket)
        return bracket

    def sizes(self, iteration: int) -> list[tuple[int, int]]:
        """Return the rungs of an iteration as pairs of epochs and number of configurations."""
        bracket = self.get_next_iteration(iteration)
        return list(zip(bracket.budgets, bracket.num_configs, strict=True))

    def cost(self, of: Callable[[int], int]) -> int:
        """Return the cost of all iterations.

        The rungs repeat after as many iterations as there are budgets. So this is quick, however
        many iterations are planned, and no bracket is built before it starts.

        Args:
            of: Returns the cost of one evaluation with a number of epochs.
        """
        period = len(self.budgets)
        cycle = [
            sum(of(epochs) * count for epochs, count in self.sizes(number))
            for number in range(min(period, self.iterations))
        ]
        whole, rest = divmod(self.iterations, period)
        return whole * sum(cycle) + sum(cycle[:rest])

    def _configure(
        self, bracket: SuccessiveHalving, epochs: int
    ) -> tuple[dict[str, Value], dict[str, Any]]:
        # The id that BaseIteration.add_configuration gives next.
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
