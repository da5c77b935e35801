"""Maps side by side: layouts, colors, legends, overlays, and what moves with the mouse."""
