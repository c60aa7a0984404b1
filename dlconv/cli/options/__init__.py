"""Groups of options and arguments that commands share."""
