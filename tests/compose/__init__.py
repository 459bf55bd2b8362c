"""`make test-compose`: tests of the Compose files on a real Docker Engine.

If no engine answers and the user is root, an engine is installed and runs during the tests. If no
registry answers, stand-ins for the base images are built here. The tests need only Python's
standard library.
"""
