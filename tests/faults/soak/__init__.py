"""A soak: millions of events through real parts, while any of them may be killed at any time."""
