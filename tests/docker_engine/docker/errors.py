"""The errors of the `docker` package that MiniStack names."""


class NotFound(Exception):
    """There is no such thing."""


class ImageNotFound(NotFound):
    """There is no such image."""
