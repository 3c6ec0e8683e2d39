"""The gateway: opens what departments sealed, checks it, and answers row by row."""
