"""What an enumeration gives: views of a finished subdivision, and questions to it."""
