"""Keeps and shows: store, frames, statistics, tables, plots and exports."""
