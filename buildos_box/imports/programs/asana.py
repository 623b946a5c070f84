"""Asana: a project's CSV."""

from collections.abc import Sequence

from buildos_box.imports.programs.program import Meaning, Program, Record, part_of


def _meanings(records: Sequence[Record]) -> list[Meaning]:
    projects = {record.get("name", ""): record.get("projects", "") for record in records}
    return [_meaning(record, projects) for record in records]


def _meaning(record: Record, projects: dict[str, str]) -> Meaning:
    """A task of several projects goes into its first; a subtask into its parent's."""
    parent = record.get("parenttask", "")
    names = (record.get("projects", "") or projects.get(parent, "")).split(",")
    first, *others = [name.strip() for name in names]
    details = part_of(parent)
    if others:
        details.append(f"Also in: {', '.join(others)}")
    return Meaning(fields={"project": first}, details=details)


ASANA = Program(
    name="asana",
    title="Asana",
    signature=("Task ID", "Completed At", "Section/Column", "Projects", "Parent task"),
    columns={"project": ("Projects",)},
    meanings=_meanings,
)
