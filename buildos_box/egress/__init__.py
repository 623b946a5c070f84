"""Connections to addresses that users give: push services, calendar feeds and CalDAV servers."""

from buildos_box.egress.egress import AddressRefused, AnswerTooLarge, Egress, Fetched

__all__ = ["AddressRefused", "AnswerTooLarge", "Egress", "Fetched"]
