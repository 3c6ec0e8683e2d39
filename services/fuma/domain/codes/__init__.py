"""The decision: what colour a person's code has, until when, and why."""
