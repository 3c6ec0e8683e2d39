"""The officers' client: key files, signing, sending, forms, the list channel.

Signing and sending are apart: a command may be signed on a machine that no network reaches.
"""
