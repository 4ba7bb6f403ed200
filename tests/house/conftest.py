"""The rooms of the toy paper are copied into place by test_toy_paper.py; nothing of them is collected here."""

collect_ignore = ["toy"]
