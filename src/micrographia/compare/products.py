"""What comparison needs of every map, made like the pictures of images; each is one line of the tuple."""

from __future__ import annotations

from micrographia.compare.shapes import SHAPE
from micrographia.compare.validation.product import VALIDATION
from micrographia.derive.product import Product

PRODUCTS: tuple[Product, ...] = (SHAPE, VALIDATION)
