"""The auditor's side: what happened to a person's code, from the log alone."""
