"""Peers of the bench: the same input bytes through other engines, in the same run."""
