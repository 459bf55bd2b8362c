"""Tests of the scripts of the containers that need no engine."""
