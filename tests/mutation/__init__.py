"""Mutation tests: does a test of a package fail when a line of it is wrong? (docs/testing.md)"""
