"""Language models stored in local folders, run in numpy a layer at a time, for the toys' instruments."""
