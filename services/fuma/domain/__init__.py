"""The pure core: standard library only, no clock, randomness, environment or I/O."""
