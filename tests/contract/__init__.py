"""Contract suites: the same behaviour through every back end and client."""
