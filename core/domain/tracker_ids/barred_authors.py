"""Authors whose books must not be uploaded, as uploaders' tools carry them; a setting replaces the list."""

BARRED_AUTHORS = (
    "J R R Tolkien",
    "Anne Perry",
    "Simon Scarrow",
    "Sara Gruen",
    "Joan Elliott",
    "Alan Dart",
    "Chris Mead",
    "Paul Moore",
    "Gavin Jones",
    "Noah K Sturdevant",
    "Benedict Brown",
    "Erika T Wurth",
)
