"""Arrays to numbers: statistics, contrast, pictures, phantoms."""
