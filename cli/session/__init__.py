"""What the commands that run jobs share: a session, and how it serves studies and campaigns."""
