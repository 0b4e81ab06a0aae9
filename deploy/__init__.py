"""How the parts are run: locally without Docker, and with it."""
