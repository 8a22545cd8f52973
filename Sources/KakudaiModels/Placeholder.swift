// Grows with its first content.
