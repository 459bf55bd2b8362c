"""One evaluation: the choice of an engine, and the trials that it runs."""
