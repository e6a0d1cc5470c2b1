"""One judgment: four layers over the same rows, each seeing what the one before let through.

A refused row takes its dependants with it: the rows that refer to it and to nothing else of that key. Nothing else is
touched, and nothing is lost: every row that comes in goes out or is refused with its reason.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple, cast

from flows.validate import evidence, records, tables
from schemas.decisions import Waiver
from schemas.report import Check, Count, Layer, Outcome, Problem, Record, Refused, Report, sort_problems
from schemas.rules import DEPENDANT, RULES, problem
from schemas.tables import ENTITY_TABLES, FACT_TABLES, TABLES

Rows = dict[str, list[Record]]
Finding = tuple[Record, Problem]


class Asked(NamedTuple):
    """What the suites answered: findings that refuse rows, problems of whole tables, and a check an expectation."""

    findings: list[Finding]
    problems: list[Problem]
    checks: list[Check]


Suites = Callable[[Rows], Asked]


class Verdict(NamedTuple):
    """What may be published, what may not, and why."""

    rows: Rows
    refused: list[Refused]
    report: Report
    waived: list[Waiver]
    """The waivers that let a row pass."""

    @property
    def held(self) -> bool:
        """Whether a critical problem holds the candidate."""
        return self.report.held


def judge(  # noqa: PLR0913 - what a judgment depends on
    came: Iterable[Record],
    refused: list[Refused],
    noted: list[Problem],
    max_refused_share: float,
    suites: Suites | None,
    *,
    waivers: Iterable[Waiver] = (),
    whole: bool = False,
) -> Verdict:
    """Return the verdict on `came`, with `refused` and `noted` from before; `suites` is None where none are asked.

    With `whole`, frictionless itself is asked over every row, not a sample.
    """
    docket = _Docket(came, refused, noted, waivers)
    docket.refuse((found.record, found.problem) for found in records.judge_rows(docket.all()))
    docket.refuse((found.record, found.problem) for found in records.judge_sets(docket.rows))
    docket.checked("record", "A row keeps the contract of its table.")
    gate = evidence.judge(docket.rows)
    docket.refuse(gate.findings)
    docket.answered(gate.looked_at)
    judged = tables.judge(docket.rows, whole=whole)
    docket.refuse(judged.findings)
    docket.checked("table", "A table keeps its Table Schema: types, constraints, keys.")
    docket.compared(judged)
    if suites:
        docket.ask(suites)
    name_participants(docket.rows)
    return docket.verdict(max_refused_share)


REGISTRIES = dict.fromkeys(FACT_TABLES.values(), "facts") | dict.fromkeys(ENTITY_TABLES.values(), "entities")
"""The registry that has a row for each row of a table."""


ASKED_BEFORE = ("evidence.text-changed",)
"""Rules of the evidence that are asked while rows are made from documents."""


class _Docket:
    """The rows still standing, and all that was found."""

    def __init__(
        self, came: Iterable[Record], refused: list[Refused], noted: list[Problem], waivers: Iterable[Waiver]
    ) -> None:
        self.rows: Rows = {table: [] for table in TABLES}
        for record in sorted(came, key=lambda record: (record.key, record.source.file, record.source.line or 0)):
            self.rows[record.table].append(record)
        self.refused: list[Refused] = []
        self.noted = list(noted)
        self.waivers = {(one.rule, one.table, one.key): one for one in waivers}
        self.waived: dict[tuple[str, str, str], Waiver] = {}
        self.checks: list[Check] = []
        self.seen = Counter({table: len(rows) for table, rows in self.rows.items()})
        outside = {(id(item.record)): item.record for item in refused}
        self.seen.update(record.table for record in outside.values())
        self.refused += refused
        unread = {id(item.record) for item in refused if item.problem.layer == "input"}
        self.checks.append(check("input.document", self.seen["releases"], len(unread), "A document can be read."))
        self._let_dependants_go(outside.values())

    def all(self) -> Iterable[Record]:
        return (record for rows in self.rows.values() for record in rows)

    def refuse(self, findings: Iterable[Finding]) -> bool:
        """Take out every record that an error was found in, with its dependants; note the rest; return if any went.

        An entity whose parent is wrong loses the parent, not its row, for every release that names it would go too.
        """
        gone: dict[int, Record] = {}
        for record, found in findings:
            if found.severity not in ("critical", "error"):
                self.noted.append(found)
            elif _is_parent(record, found.field):
                self._unparent(record, found)
            elif not self._passes(record, found):
                gone[id(record)] = record
                self.refused.append(Refused(record, found))
        self._take_out(gone)
        self._let_dependants_go(gone.values())
        return bool(gone)

    def _passes(self, record: Record, found: Problem) -> bool:
        """Return whether a waiver lets the record pass; the first time, say so."""
        name = (found.rule, record.table, record.key)
        waiver = self.waivers.get(name)
        if waiver and name not in self.waived:
            message = f"{found.message} (waived until {waiver.until} by {waiver.by}: {waiver.reason})"
            self.noted.append(found.model_copy(update={"severity": "info", "message": message}))
            self.waived[name] = waiver
        return waiver is not None

    def _take_out(self, gone: dict[int, Record]) -> None:
        for table in {record.table for record in gone.values()}:
            self.rows[table] = [record for record in self.rows[table] if id(record) not in gone]

    def _let_dependants_go(self, parents: Iterable[Record]) -> None:
        """Refuse the rows that refer to a refused one, and those that refer to them, until none is left."""
        parents = list(parents)
        while parents:
            lost = {name for parent in parents for name in _names(parent)}
            lost -= {
                name for table in {table for table, _ in lost} for record in self.rows[table] for name in _names(record)
            }
            parents = []
            for record, (field, told) in [(one, found) for one in self.all() if (found := _lost_parent(one, lost))]:
                if _is_parent(record, field):
                    self._unparent(record, problem("table.foreign-key", told, record=record, field=field))
                else:
                    self.refused.append(Refused(record, problem(DEPENDANT, told, record=record)))
                    parents.append(record)
            self._take_out({id(record): record for record in parents})

    def _unparent(self, record: Record, found: Problem) -> None:
        """Leave the parent of an entity empty, with a warning."""
        self.noted.append(found.model_copy(update={"severity": "warning", "value": record.values["parent_id"]}))
        record.values["parent_id"] = None

    def checked(self, layer: str, reason: str) -> None:
        """Add a check a table for a layer that judges rows one by one; an empty table was not looked at."""
        failed = Counter(
            dict.fromkeys(((r.record.table, id(r.record)) for r in self.refused if r.problem.layer == layer), 1)
        )
        failures = Counter(table for table, _ in failed)
        for table in TABLES:
            looked_at = len(self.rows[table]) + failures[table]
            self.checks.append(check(f"{layer}.{table}", looked_at, failures[table], reason))

    def answered(self, looked_at: Counter[str]) -> None:
        """Add a check for each rule of the evidence gate."""
        failures = Counter([*(item.problem.rule for item in self.refused), *(found.rule for found in self.noted)])
        for rule in (rule for rule in RULES.values() if rule.layer == "evidence" and rule.id not in ASKED_BEFORE):
            self.checks.append(check(rule.id, looked_at[rule.id], failures[rule.id], rule.reason))

    def compared(self, judged: tables.Judged) -> None:
        """Add the check that frictionless itself says the same of the rows that it was asked over."""
        self.noted += judged.differences
        reason = RULES["table.reference"].reason
        self.checks.append(check("table.reference", judged.asked, len(judged.differences), reason))

    def ask(self, suites: Suites) -> None:
        """Ask the suites again for as long as they refuse rows: what they say of a table, they say of what is left."""
        asked = self._asked(suites)
        failed: dict[str, Check] = {}
        while self.refuse(asked.findings):
            refusing = {found.rule for _, found in asked.findings}
            failed |= {found.id: found for found in asked.checks if found.id in refusing}
            asked = self._asked(suites)
        self.checks += [failed.get(found.id, found) for found in asked.checks]
        self.noted += asked.problems

    def _asked(self, suites: Suites) -> Asked:
        name_participants(self.rows)
        return suites(self.rows)

    def verdict(self, max_refused_share: float) -> Verdict:
        came = sum(self.seen.values())
        own = {id(item.record) for item in self.refused if item.problem.rule != DEPENDANT}
        if came and len(own) / came > max_refused_share:
            message = f"{len(own)} of {came} rows are refused; the dataset allows {max_refused_share:.0%}"
            self.noted.append(problem("quarantine.share", message, value=f"{len(own) / came:.3f}"))
        problems = sort_problems([item.problem for item in self.refused] + self.noted)
        lost = Counter(dict.fromkeys(TABLES, 0))
        lost.update(record.table for record in {id(item.record): item.record for item in self.refused}.values())
        counts = {
            table: Count(in_=self.seen[table], out=len(rows), refused=lost[table]) for table, rows in self.rows.items()
        }
        valid = not any(found.severity in ("critical", "error") for found in problems)
        report = Report(valid=valid, counts=counts, checks=self.checks, problems=problems)
        return Verdict(self.rows, self.refused, report, list(self.waived.values()))


def check(rule: str, looked_at: int, failures: int, reason: str) -> Check:
    """Return the check that `rule` was: skipped where it looked at nothing, for that is not to have passed."""
    outcome: Outcome = "skipped" if not looked_at else "failed" if failures else "passed"
    return Check(
        id=rule,
        layer=cast("Layer", rule.split(".", maxsplit=1)[0]),
        severity=RULES[rule].severity if rule in RULES else "error",
        outcome=outcome,
        looked_at=looked_at,
        failures=failures,
        reason=reason if looked_at else f"nothing to look at. {reason}",
    )


def _names(record: Record) -> list[tuple[str, str]]:
    """Return the tables and keys by which others refer to `record`: its own, and its registry's."""
    key = str(record.values.get(TABLES[record.table].key[0]))
    return [(record.table, key)] + ([(REGISTRIES[record.table], key)] if record.table in REGISTRIES else [])


def _lost_parent(record: Record, lost: set[tuple[str, str]]) -> tuple[str | None, str] | None:
    """Return what makes `record` the child of a refused row: its field, none for the half of a registry, and why."""
    values = record.values
    named: list[tuple[str | None, str, str]] = [
        (field, table, values[field])
        for field, (table, _) in TABLES[record.table].references.items()
        if values.get(field) is not None
    ]
    home = (FACT_TABLES | ENTITY_TABLES).get(str(values.get("type")))
    if home and record.table in ("facts", "entities"):
        named.append((None, home, _names(record)[0][1]))
    told = ((field, f"its parent in {table}, {key}, is refused") for field, table, key in named if (table, key) in lost)
    return next(told, None)


def _is_parent(record: Record, field: str | None) -> bool:
    """Return whether `field` names the parent of an entity."""
    return field == "parent_id" and record.table in ENTITY_TABLES.values()


def name_participants(rows: Rows) -> None:
    """Write into each fact the names of those who take part and still stand, for those who read it in a spreadsheet."""
    names = {record.values["entity_id"]: record.values["name"] for record in rows["entities"]}
    takes_part: dict[str, list[str]] = {}
    for record in rows["participants"]:
        name = names.get(record.values["entity_id"]) or record.values["text"]
        takes_part.setdefault(record.values["fact_id"], []).append(_plain(name))
    for role in rows["roles"]:
        takes_part[role.values["fact_id"]] = [_plain(names[role.values["person_id"]])]
    for table in FACT_TABLES.values():
        for fact in rows[table]:
            fact.values["participant_names"] = (
                "|".join(dict.fromkeys(takes_part.get(fact.values["fact_id"], ()))) or None
            )


def _plain(name: str) -> str:
    return " ".join(name.replace("|", " ").split())
