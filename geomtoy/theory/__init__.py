"""Published statements about region counts, as functions of exact integers where they are integers."""
