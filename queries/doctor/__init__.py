"""What `sessiontrack doctor` looks at: each check finds something out, judges it, and names what mends it."""
