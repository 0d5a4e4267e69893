"""The settings of a study, one file for each table of the study file."""
