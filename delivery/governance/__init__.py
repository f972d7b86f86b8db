"""How the repository governs itself on GitHub: what its files ask for, and what GitHub has.

`policy` reads the files of main, `wanted` fits them to the repository and `item` compares, all
pure; `kinds` speaks REST, one class for each kind of thing. `delivery github apply` makes GitHub
as the files say; `delivery doctor` only looks.
"""
