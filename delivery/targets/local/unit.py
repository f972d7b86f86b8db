"""The unit of systemd that runs `delivery up`: what it runs, as whom, and what it may write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Not here, since something would break: PrivateTmp (what outlives the supervisor keeps files in
# /tmp), PrivateDevices and DevicePolicy (graphics cards), MemoryDenyWriteExecute (compilers at run
# time), ProcSubset (when processes were created is read from /proc/stat).
SECCOMP = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
"""
MOUNTS = """\
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
"""
SHARED = "/tmp", "/var/tmp"  # nosec B108 - named, not used: where libraries keep scratch files


@dataclass(frozen=True, slots=True)
class Supervisor:
    """`command` of the checkout `root`, with these variables. `owner` is the user it runs as on a
    machine; None: it is a unit of that user. `writable` are the paths that it writes."""

    root: Path
    command: Path
    variables: Mapping[str, str]
    owner: str | None
    writable: Sequence[Path]

    def unit(self) -> str:
        """The text of the unit."""
        return "\n".join(
            [
                "# Written by `delivery service install`, which replaces what is changed here.",
                "[Unit]",
                f"Description=Keep the models of {_plain(self.root)} running",
                "StartLimitIntervalSec=0",
                "",
                "[Service]",
                f"WorkingDirectory={_plain(self.root)}",
                f"ExecStart={_quoted(self.command)} up",
                *(f'Environment="{name}={_plain(v)}"' for name, v in self.variables.items()),
                *([f"User={self.owner}"] if self.owner else []),
                "Restart=always",
                "RestartSec=5",
                "# What it started goes on when it is restarted.",
                "KillMode=process",
                "",
                SECCOMP + (self._mounts() if self.owner else ""),
                "[Install]",
                f"WantedBy={'multi-user' if self.owner else 'default'}.target",
                "",
            ]
        )

    def _mounts(self) -> str:
        """What only the system's own manager can restrict. `-`: a path may be missing."""
        paths = [*SHARED, *map(str, self.writable)]
        return MOUNTS + "".join(f"ReadWritePaths={_quoted('-' + path)}\n" for path in paths)


def _plain(text: object) -> str:
    """`%` begins a specifier in a unit."""
    return str(text).replace("%", "%%")


def _quoted(text: object) -> str:
    plain = _plain(text)
    return f'"{plain}"' if " " in plain else plain
