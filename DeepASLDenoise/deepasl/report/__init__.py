"""A run as one page for people: maps, figures, tables, and the sentences of a methods section."""
