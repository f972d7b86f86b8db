"""The command line: one file a command, named as the command.

`delivery X` has its options and its output in cli/X.py, and what it does in commands/X.py.
`main` lists the commands, `options` holds what several of them share, `render` the same for output.
"""
