"""Bounds as theorems of Coq: files made from certificates, and their check (docs/coq.md, theory/formal)."""
