"""From control and label images to the perfusion-weighted image, and how noisy it is."""
