"""What is asked: the settings of a study, its factors and levels, and the file they are written in."""
