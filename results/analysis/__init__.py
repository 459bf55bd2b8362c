"""Analysis of the frames of a study or campaign: incumbents, cost, fidelity, status."""
