"""Who may turn a code: accounts, signed commands, orders, returns, relief. Pure."""
