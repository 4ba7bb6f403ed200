"""Ground floor: exact objects, claims and systems; no floats here."""
