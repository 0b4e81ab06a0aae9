"""Have a customer erased: ask every partition for it, wait until it is done, clear compacted topics."""

from streams.forgetting.asking import Request, ask_all
from streams.forgetting.compacted import OF_CUSTOMERS, bury
from streams.forgetting.waiting import Erased, wait_until_erased

__all__ = ["OF_CUSTOMERS", "Erased", "Request", "ask_all", "bury", "wait_until_erased"]
