"""What tests are made with: servers, phantoms, contract suites. Imported by tests only."""
