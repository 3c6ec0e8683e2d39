"""Law as data: rulebooks, procedures, and which of them is in force where and when."""
