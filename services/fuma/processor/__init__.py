"""The processor: the task force, the decision, and the outbox, on one stage host."""
