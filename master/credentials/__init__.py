"""Credentials: the authority that issues them, its certificates, and the folder of a master."""
