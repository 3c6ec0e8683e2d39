"""Starts, watches and stops the embedded broker and Redis."""
