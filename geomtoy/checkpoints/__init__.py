"""Language models stored in local folders, read by transformers, for the toys' instruments."""
