"""What may be tuned, what a study is, and what travels between master and worker."""
