"""What conf/holdfast.service says of how its server is to run, and whether tests/soak/confine knows all of it."""

import pathlib

UNIT = pathlib.Path(__file__).resolve().parents[2] / "conf/holdfast.service"

# What confine does, with the values that it can do; None: it reads them.
APPLIED = {
    "User": None, "UMask": None, "LimitNOFILE": None, "AmbientCapabilities": None, "CapabilityBoundingSet": None,
    "NoNewPrivileges": ("yes",), "ProtectSystem": ("strict",), "ProtectHome": ("yes",), "PrivateTmp": ("yes",),
    "PrivateDevices": ("yes",), "ProtectKernelTunables": ("yes",), "ProtectKernelModules": ("yes",),
    "ProtectKernelLogs": ("yes",), "ProtectControlGroups": ("yes",), "ProtectClock": ("yes",),
    "ProtectHostname": ("yes",), "ProtectProc": ("invisible",), "LockPersonality": ("yes",),
    "MemoryDenyWriteExecute": ("yes",), "RestrictRealtime": ("yes",), "RestrictSUIDSGID": ("yes",),
    "RestrictNamespaces": ("yes",), "RestrictAddressFamilies": None, "SystemCallArchitectures": ("native",),
    "SystemCallFilter": None, "SystemCallErrorNumber": None,
}
STARTER = "who starts it does"
FOLDER = "the folder that confine is given stands for it"
NOT_APPLIED = {
    "Type": STARTER, "ExecStartPre": STARTER, "ExecStart": STARTER, "ExecReload": STARTER, "Restart": STARTER,
    "RestartSec": STARTER, "TimeoutStopSec": STARTER,
    "DynamicUser": "where there is no user of that name, nobody stands for it",
    "Group": "that of the user",
    "StateDirectory": FOLDER, "StateDirectoryMode": FOLDER, "RuntimeDirectory": FOLDER, "RuntimeDirectoryMode": FOLDER,
    "OOMScoreAdjust": "what a soak does to memory must end the server, and not what else runs on the machine",
    "RemoveIPC": "what it would remove cannot be made: SystemCallFilter refuses @ipc",
    "KeyringMode": "no keyring can be reached: SystemCallFilter refuses @keyring",
}


class Unknown(Exception):
    """The unit says what neither table has."""


class Unit:
    def __init__(self, file=UNIT):
        self._values, section = {}, ""
        for line in file.read_text(encoding="ascii").splitlines():
            if line.startswith("["):
                section = line
            elif section == "[Service]" and line and line[0] not in "#;":
                self._take(line)

    def _take(self, line):
        key, _, value = line.partition("=")
        if key not in APPLIED and key not in NOT_APPLIED:
            raise Unknown(f"{key} is neither applied nor in the list of what is not (tests/soak/unit.py)")
        known = APPLIED.get(key)
        if line.endswith("\\") or known is not None and value not in known:
            raise Unknown(f"{line}: what is known of {key} is {' or '.join(known or ['a line'])}")
        self._values.setdefault(key, []).append(value)

    def has(self, key):
        assert key in APPLIED, key
        return key in self._values

    def all(self, key):
        assert key in APPLIED, key
        return self._values.get(key, [])

    def last(self, key):
        return self.all(key)[-1]

    def words(self, key):
        return [word for value in self.all(key) for word in value.split()]

    def keys(self):
        return list(self._values)
