"""The comparison (公安比对): who was where an infectious person was, when, and for how long."""
