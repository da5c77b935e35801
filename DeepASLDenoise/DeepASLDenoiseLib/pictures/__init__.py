"""The comparison as pictures, rendered without a desktop."""
