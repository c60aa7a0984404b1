"""The package's own small DeepLab: a frozen graph, photos and masks that need no network."""
