"""Networks written by hand from their papers, with the order, the names and the shapes of torchvision's state dicts."""
