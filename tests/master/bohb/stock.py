"""hpbandster's own config generator, made to run on today's ConfigSpace."""

from types import SimpleNamespace
from typing import Any

import hpbandster.optimizers.config_generators.bohb as stock_module
import numpy as np
import pytest
from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace


class _Configuration(dict[str, Any]):
    """The methods of a ConfigSpace.Configuration that hpbandster calls, by their old names."""

    def __init__(self, space: Any, values: Any = None, vector: Any = None) -> None:
        if vector is not None:
            values = {
                h.name: h.to_value(int(e) if isinstance(h, CategoricalHyperparameter) else e)
                for h, e in zip(space.get_hyperparameters(), vector, strict=True)
            }
        super().__init__(values)
        self._space = space

    def get_dictionary(self) -> "_Configuration":
        return self

    def get_array(self) -> Any:
        return np.array(
            [float(h.to_vector(self[h.name])) for h in self._space.get_hyperparameters()]
        )


class _Space:
    """The methods of a ConfigurationSpace that hpbandster calls, by their old names."""

    def __init__(self, space: ConfigurationSpace) -> None:
        self._space = space

    def get_hyperparameters(self) -> list[Any]:
        return list(self._space.values())

    def get_hyperparameter_by_idx(self, index: int) -> str:
        return self.get_hyperparameters()[index].name  # type: ignore[no-any-return]

    def get_hyperparameter(self, name: str) -> Any:
        return self._space[name]

    def sample_configuration(self) -> _Configuration:
        return _Configuration(self, dict(self._space.sample_configuration()))


def stock_generator(
    space: ConfigurationSpace, monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> Any:
    """Return hpbandster's BOHB config generator on a space."""
    names = SimpleNamespace(
        Configuration=_Configuration,
        hyperparameters=SimpleNamespace(CategoricalHyperparameter=CategoricalHyperparameter),
        util=SimpleNamespace(
            deactivate_inactive_hyperparameters=lambda configuration_space, configuration: (
                _Configuration(configuration_space, configuration)
            )
        ),
    )
    monkeypatch.setattr(stock_module, "ConfigSpace", names)
    return stock_module.BOHB(_Space(space), **settings)
