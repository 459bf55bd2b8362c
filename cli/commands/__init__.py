"""The commands, one per module: signature, help, example and body.

`cli.main` imports a module when its command is called or listed. A module therefore imports heavy
libraries only in the body of its command, so that ``--help`` is quick.
"""
