"""Histories: all records of one customer in one topic, and the facts they yield. Pure."""
