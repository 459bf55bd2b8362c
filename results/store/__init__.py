"""The store: a database of studies, evaluations, trials and curves."""
