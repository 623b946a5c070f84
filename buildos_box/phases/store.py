"""The SQL of phases: the newest plan of each project."""

from collections.abc import Sequence

from msgspec.structs import asdict

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.llm.answer_source import Origin
from buildos_box.phases.model import Phase


class Made(Origin, frozen=True, kw_only=True):
    """How a plan was made; `repairs` and `cycles` are JSON."""

    project_id: str
    job_id: str
    prompt_version: str
    repairs: str
    cycles: str


def replace(tx: Tx, made: Made, phases: Sequence[tuple[str, Phase]], now: Instant) -> None:
    """Replace all phases of the project by these, each with its id."""
    values = {**asdict(made), "now": to_text(now)}
    tx.execute("DELETE FROM phases WHERE project_id = ?", (made.project_id,))
    tx.execute(
        """INSERT OR REPLACE INTO phase_plans
               (project_id, job_id, source, why_built_in, prompt_version, repairs, cycles,
                tokens_in, tokens_out, cost_usd, generated_at)
           VALUES (:project_id, :job_id, :source, :why_built_in, :prompt_version, :repairs,
                   :cycles, :tokens_in, :tokens_out, :cost_usd, :now)""",
        values,
    )
    for position, (phase_id, phase) in enumerate(phases, start=1):
        tx.execute(
            """INSERT INTO phases (id, project_id, position, name, description, start_date,
                                   end_date, created_at)
               VALUES (:id, :project_id, :position, :name, :description, :start_date,
                       :end_date, :now)""",
            {
                "id": phase_id,
                "project_id": made.project_id,
                "position": position,
                "name": phase.name,
                "description": phase.description,
                "start_date": phase.start_date.isoformat() if phase.start_date else None,
                "end_date": phase.end_date.isoformat() if phase.end_date else None,
                "now": values["now"],
            },
        )
        # A task that was moved from another project may still be in a phase of that one.
        tx.executemany(
            "INSERT OR REPLACE INTO phase_tasks (task_id, phase_id, position) VALUES (?, ?, ?)",
            [(task_id, phase_id, place) for place, task_id in enumerate(phase.task_ids, start=1)],
        )


async def phases_of(db: Database, project_id: str) -> list[Row]:
    """The project's plan: a row for each task, and for each phase without any; in order.

    One query, so that a plan which is replaced meanwhile is read whole. Tasks may have gone to
    another project since.
    """
    return await db.all(
        """SELECT m.job_id, m.source, m.why_built_in, m.prompt_version, m.repairs, m.cycles,
                  m.tokens_in, m.tokens_out, m.cost_usd, m.generated_at,
                  p.id AS phase_id, p.position, p.name, p.description, p.start_date, p.end_date,
                  k.task_id
             FROM phase_plans m
             JOIN phases p ON p.project_id = m.project_id
             LEFT JOIN phase_tasks k ON k.phase_id = p.id
            WHERE m.project_id = ? ORDER BY p.position, k.position""",
        (project_id,),
    )
