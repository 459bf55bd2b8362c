"""The paper's tables, figures and findings next to our results."""
