"""Resnet rkhs."""
