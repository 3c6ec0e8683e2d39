"""The embedded stack: a real single-node Kafka and a real Redis under ``FUMA_HOME``."""
