"""What Prometheus is told: whom it asks, what it records of the answers, and when it alarms somebody."""
