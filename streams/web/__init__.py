"""What a worker says of itself over HTTP: is it alive, is it ready, how far is it."""

from streams.web.pages import Pages
from streams.web.server import served

__all__ = ["Pages", "served"]
