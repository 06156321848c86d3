"""HTTP for programs: one router for each room, problem+json."""
