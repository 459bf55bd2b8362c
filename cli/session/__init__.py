"""What the commands share that run jobs: a session, and how it serves studies and campaigns."""
