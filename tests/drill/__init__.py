"""The fault drill: a study is run by real processes, damage is done to them, and what came of it
is counted.

``python -m tests.drill`` does every fault and prints a table; ``python -m tests.drill.soak`` runs
20,000 evaluations while workers, or the master, are killed all the time.
"""
