"""`docker-compose.yml`, made from the definitions that the native stack is made from: `python -m infra.compose`."""
