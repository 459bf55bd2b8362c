"""`make test-compose`: the Compose files on a real Docker Engine, from nothing.

Where no engine answers, root has one installed and started for as long as this takes; where no
registry answers, the images that ours are built on are made here. Python's own library is all
that it needs.
"""
