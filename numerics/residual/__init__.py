"""Residual networks whose blocks lie in an RKHS: exact adjoints with proved bounds, explicit rates, descent."""
