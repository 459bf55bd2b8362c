"""The port that workers connect to, and the check of the clients that connect."""
