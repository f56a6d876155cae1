"""Why a page cannot be written."""


class PageError(Exception):
    """An input of a page is missing or has another shape. The text names it."""
