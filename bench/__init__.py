"""Measurements, as ratios within one run: machines differ, and this one is noisy."""
