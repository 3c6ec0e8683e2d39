"""Oversight: patterns that no single decision shows, and what is said of them."""
