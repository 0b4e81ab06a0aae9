"""`earshot import`: tables of answers and interactions become events. Pure but for `session`."""
