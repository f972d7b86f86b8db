"""What the objects of an environment have to be like: a module for each kind of object."""
