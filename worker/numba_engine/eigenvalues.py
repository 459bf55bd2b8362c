"""Dominant eigenvalues of the Hessian by α during a trial's search."""

import numpy as np

from configspace.operations import operations
from worker.engine.contract import FLATTENING_TAPS, LAST_STATES
from worker.engine.early_stopping import dominant_eigenvalue
from worker.engine.philox import KeyedGenerator, Occasion, Quantity
from worker.numba_engine.alpha_hessian import Network, Probe, alpha_hessian
from worker.numba_engine.cnn_derivatives import Cnns
from worker.numba_engine.hessian_kernels import Floats
from worker.numba_engine.memory import CNNS, Doubles
from worker.numba_engine.workspace import Workspace


class EigenvalueProbe:
    """The batch on which the Hessian of one trial is measured."""

    def __init__(self, workspace: Workspace, index: int) -> None:
        """Draw the batch.

        Args:
            workspace: The memory of the trial.
            index: Which trial of the batch.
        """
        batch = workspace.batch
        seeds = batch.seeds[index : index + 1]
        architecture, size = batch.architecture, batch.search.batch_size
        matrix = batch.problem.matrix
        m, n = matrix.shape

        def normal(quantity: Quantity, index: int, count: int) -> Doubles:
            drawn = KeyedGenerator(seeds, Occasion.HESSIAN, range(1), size, quantity, index)
            return drawn.normal(count)[0, 0]

        signal = batch.problem.signals(KeyedGenerator(seeds, Occasion.HESSIAN, range(1), size))
        signal = np.asarray(signal)[0, 0]
        error = batch.problem.noise * normal(Quantity.MEASUREMENT_NOISE, 0, m)
        noisy = "noise" in operations(architecture)
        edges = range(architecture.edges if noisy else 0)
        noise = [normal(Quantity.OPERATION_NOISE, edge, n) for edge in edges]
        self._workspace = workspace
        self._spare: list[Floats] = []
        self._loss = batch.search.hessian.loss
        self._probe = Probe(
            signal=_single(signal),
            start=_single(matrix.T @ (matrix @ signal + error)),
            noise=_single(np.array(noise)),
            step=_single(np.eye(n) - architecture.tau * matrix.T @ matrix),
            turns=architecture.roll_shift,
            tau=architecture.tau,
            sigma=architecture.operation_noise,
        )

    def eigenvalue(self, alpha: Doubles) -> float:
        """Return the dominant eigenvalue for the workspace's weights; NaN if it is not finite.

        It is that of the directions that change the shares of the operations.

        Args:
            alpha: α, shape ``(edge, operation)``.
        """
        network = network_of(self._workspace)
        with np.errstate(all="ignore"):  # a search may diverge
            hessian = alpha_hessian(network, self._probe, alpha, self._loss, self._spare)
        return dominant_eigenvalue(hessian, operations=alpha.shape[1])


def network_of(workspace: Workspace) -> Network:
    """Return the weights of a workspace, as views."""
    memory, settings = workspace.memory, workspace.batch.architecture
    used = slice(settings.channels)
    cnns = [
        Cnns(
            first=memory["first"][edge, :, :, used].transpose(0, 2, 1),
            scale=memory["scale"][edge, :, used],
            shift=memory["shift"][edge, :, used],
            second=memory["second"][edge, :, ::-1, used],
            bias=memory["bias"][edge * CNNS : (edge + 1) * CNNS],
        )
        for edge in range(settings.edges)
    ]
    weights = LAST_STATES * FLATTENING_TAPS
    flattening = memory["flattening"]
    return Network(
        operations=operations(settings),
        cnns=cnns,
        states=settings.states if settings.space == "cell" else None,
        flattening=flattening[:, :weights].reshape(-1, LAST_STATES, FLATTENING_TAPS),
        flattening_bias=flattening[:, weights],
    )


def _single(values: Doubles) -> Floats:
    return np.ascontiguousarray(values, np.float32)
