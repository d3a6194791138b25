"""`make acceptance`: the operator from install to removal, on whatever AWS the environment points at.

Must never touch what this run has not made, nor end without having removed what it made.
"""
