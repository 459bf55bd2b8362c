"""Where jobs come from: a BOHB study, re-runs, or the conditions of a campaign."""
