"""Definition files: YAML in, the core's values out, and every error with its file, line and cure."""

from twyman.definitions.loading import Report, check, load, load_experiment, project_of
from twyman.definitions.project import Project
from twyman.definitions.schema import schema

__all__ = ["Project", "Report", "check", "load", "load_experiment", "project_of", "schema"]
