import sys

import pytest
import torch

from configspace.architecture import ArchitectureSettings
from configspace.errors import ServiceError
from configspace.search import SearchSettings
from worker.evaluation.choose import able_engine, choose_engine, make_ready

UNROLLED = SearchSettings(variant="darts-second-order")


def test_torch_runs_on_the_named_device() -> None:
    engine = choose_engine("torch", "cpu")
    assert (engine.name, engine.device) == ("torch", "cpu")


def test_auto_uses_numba_on_the_cpu() -> None:
    assert choose_engine("auto", "cpu").name == "numba"


def test_auto_uses_torch_for_unsupported_settings() -> None:
    chosen, architecture = choose_engine("auto", "cpu"), ArchitectureSettings()
    assert able_engine(chosen, "auto", architecture, SearchSettings()) is chosen
    other = able_engine(chosen, "auto", architecture, UNROLLED)
    assert (other.name, other.device) == ("torch", "cpu")


def test_auto_uses_torch_for_supernets_over_points() -> None:
    points = ("learnable_gradient(tau=0.1)", "learnable_gradient(tau=0.2)")
    architecture = ArchitectureSettings(continuous=("tau",), points=points)
    chosen = choose_engine("auto", "cpu")
    assert able_engine(chosen, "auto", architecture, SearchSettings()).name == "torch"


def test_a_named_engine_is_not_replaced() -> None:
    chosen = choose_engine("numba", "cpu")
    with pytest.raises(ServiceError, match="numba engine does not support the variant 'darts-seco"):
        able_engine(chosen, "numba", ArchitectureSettings(), UNROLLED)


@pytest.mark.parametrize("space", ["sequential", "cell"])
@pytest.mark.parametrize("variant", ["darts", "darts-second-order", "darts-single"])
def test_torch_supports_all_settings(space: str, variant: str) -> None:
    architecture = ArchitectureSettings.model_validate({"space": space})
    search = SearchSettings.model_validate({"variant": variant})
    assert choose_engine("torch", "cpu").unsupported(architecture, search) is None


def test_numba_gets_its_number_of_threads() -> None:
    assert vars(choose_engine("numba", "cpu", threads=3))["threads"] == 3


def test_auto_uses_torch_without_numba(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "worker.numba_engine.engine", None)
    assert choose_engine("auto", "cpu").name == "torch"


def test_numba_without_its_library_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "worker.numba_engine.engine", None)
    with pytest.raises(ServiceError, match="install numba or use --engine torch"):
        choose_engine("numba", "cpu")


def test_numba_refuses_a_gpu() -> None:
    with pytest.raises(ServiceError, match="runs on the device cpu, not on 'cuda:0'"):
        choose_engine("numba", "cuda:0")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
@pytest.mark.parametrize("device", ["cuda:0", "nonsense"])
def test_a_missing_device_is_refused(device: str) -> None:
    with pytest.raises(ServiceError, match=f"no device '{device}' here"):
        choose_engine("auto", device)


@pytest.mark.slow
def test_a_ready_engine_compiles_nothing() -> None:
    engine = choose_engine("numba", "cpu")
    make_ready(engine, lambda *_: None)
    from worker.numba_engine.first_calls import Step, ensure_compiled

    steps: list[Step] = []
    ensure_compiled(steps.append)
    assert steps == []


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ServiceError, match="among auto, torch, numba, got 'jax'"):
        choose_engine("jax", "cpu")
