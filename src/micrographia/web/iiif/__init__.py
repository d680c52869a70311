"""IIIF Image API 3: any picture of an image, any region of it at any size, for every viewer that speaks it."""
