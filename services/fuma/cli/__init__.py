"""The ``fuma`` command: one module per group of words, each with ``register(app)``."""
