"""Contracts that every implementation of a protocol keeps."""
