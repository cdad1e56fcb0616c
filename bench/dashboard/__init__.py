"""What the web dashboard takes over a million messages, measured in the browser."""
