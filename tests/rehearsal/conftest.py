"""A browser for the pages of a rehearsal."""

from tests.browser.conftest import browser, page

__all__ = ["browser", "page"]
