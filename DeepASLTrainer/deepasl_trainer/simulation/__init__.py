"""Whole data sets of synthetic people, with their truth."""
