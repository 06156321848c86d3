"""One router for each room of the interface, in the order in which OpenAPI shows them."""
