"""Sources of jobs: a BOHB study, re-runs, and the conditions of a campaign."""
