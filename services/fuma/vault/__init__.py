"""The vault: identity numbers to random tags and subject keys, and the holder register."""
