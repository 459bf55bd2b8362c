"""The paper's tables, figures and findings, next to the runs of dartboard."""
