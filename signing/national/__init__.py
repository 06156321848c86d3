"""National algorithms and structures: SM2, SM3, e-seals of GB/T 38540 and GM/T 0031."""
