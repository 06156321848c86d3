"""Time-stamp authorities: ours answering others, outside ones asked by us, and what waits for one."""
