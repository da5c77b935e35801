"""Blood flow and arrival time from difference images, at one post-labeling delay or at several."""
