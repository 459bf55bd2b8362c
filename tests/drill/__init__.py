"""The fault drill: damages the processes of a running study, and counts lost or repeated work.

``python -m tests.drill`` injects every fault and prints a table. ``python -m tests.drill.soak``
runs 20,000 evaluations and kills a worker, or the master, again and again.
"""
