"""The functions that rotate, provision and probe database credentials."""
