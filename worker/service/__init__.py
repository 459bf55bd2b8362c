"""The worker process: it claims jobs, has a child evaluate them, and delivers the outcomes."""
