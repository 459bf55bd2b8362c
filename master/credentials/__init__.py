"""Credentials for workers on other machines: the authority, and the folder that keeps it."""
