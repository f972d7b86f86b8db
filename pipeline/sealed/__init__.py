"""Run a stage so that it can read what it is made from, and nothing else.

`python -m pipeline.sealed train` is the command of the stages that call the fork's `fit`, or load
what `fit` returned. The stage runs in a process that the kernel restricts before Python imports
anything of the model.
"""
