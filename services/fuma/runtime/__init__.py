"""Every client of the outside world, each behind a port (``ports.py``)."""
