"""The packages the module needs: what is installed, what would be, and on which machine."""
