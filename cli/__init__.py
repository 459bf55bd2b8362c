"""The `dartboard` command.

`main` lists the commands and turns errors into exit codes. Each module of `commands` holds one
command; `session` holds what the commands that run jobs share; `local` knows this machine, and
`console` writes for people.
"""
