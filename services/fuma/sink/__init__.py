"""The sink: the only writer of the code platform, from the decisions ledger alone."""
