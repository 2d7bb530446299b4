"""Measurements of the lab, paired with fakepve in one run where both can do it."""
