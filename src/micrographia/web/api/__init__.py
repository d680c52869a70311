"""The archive as JSON: each route parses input, asks one question and shapes the answer."""
