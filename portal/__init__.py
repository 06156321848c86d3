"""HTTP for people: pages, templates, static assets."""
