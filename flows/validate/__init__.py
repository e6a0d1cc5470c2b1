"""Judge: records by Pydantic, evidence word by word, tables by frictionless, suites by Great Expectations."""
