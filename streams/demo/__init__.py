"""The demo: a simulated hour through real parts in about a minute, watched on screen."""
