"""`make soak-local`: a fleet, its owners and a platform team for half an hour, on a local AWS that misbehaves.

Must never reach anything but loopback, nor end a process it did not start.
"""
