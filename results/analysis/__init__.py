"""What the frames of a study or campaign say: incumbents, cost, fidelity, status."""
