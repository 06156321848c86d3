"""What every room stands on: settings, database, people and permissions, audit, outbox, tasks, errors."""
