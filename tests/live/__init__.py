"""The real operator over the real clock: what the acceptance run and the soak share.

Must never end a process it did not start, nor listen on anything but loopback.
"""
