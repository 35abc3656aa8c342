"""That tests/soak/confine keeps a program from what conf/holdfast.service keeps it from, and knows all that it says."""

import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "e2e"))

from probes import PROBES  # noqa: E402  (found by the lines above)
from unit import APPLIED, NOT_APPLIED, UNIT, Unit, Unknown  # noqa: E402
from world import own_namespaces  # noqa: E402

CONFINE, PROBES_FILE = (pathlib.Path(__file__).with_name(name) for name in ("confine", "probes.py"))
# Without which a key does nothing that can be seen: as root, or without a filter.
NEEDED_BY = {"ProtectProc": ["User"]}
NEEDED_TO_REFUSE = {"SystemCallFilter": ["SystemCallErrorNumber"], "SystemCallErrorNumber": ["SystemCallFilter"]}
# So that it is seen whose value it is.
INSTEAD = {"LimitNOFILE": ["LimitNOFILE=64"], "SystemCallErrorNumber": ["SystemCallErrorNumber=EUCLEAN"]}

AS_NOBODY = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"]


@pytest.fixture
def folder():
    """Beside what another program has in /tmp; whoever the program is may write there."""
    above = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-confine-", dir="/tmp"))
    made = above / "folder"
    made.mkdir()
    (above / "of-another").write_text("temporary")
    shutil.copy(PROBES_FILE, made)
    above.chmod(0o755)
    made.chmod(0o777)
    yield made
    shutil.rmtree(above)


def lines_of(*keys):
    text = UNIT.read_text(encoding="ascii").splitlines()
    return [line for line in text if line.partition("=")[0] in keys]


@pytest.fixture(params=["root", "nobody"])
def whose(request, folder):
    """A command that runs others as that user, and a copy of confine that the user may read."""
    as_user = AS_NOBODY if request.param == "nobody" and os.geteuid() == 0 else []
    if request.param == "root" and os.geteuid() != 0:
        pytest.skip("only root can be root")
    copy = folder / "copy"
    here = pathlib.Path(__file__).parent
    shutil.copytree(here, copy / "tests/soak", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(here.parent / "e2e", copy / "tests/e2e", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(here.parents[1] / "tools/bench", copy / "tools/bench", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "conf").mkdir()
    shutil.copy(UNIT, copy / "conf")
    return as_user, copy / "tests/soak", request.param == "root"


def confined(unit, folder, *command):
    return subprocess.run([*own_namespaces(), CONFINE, "--unit", unit, folder, *command], capture_output=True,
                          text=True, check=False, umask=0)


def outcomes(unit, folder, *keys):
    done = confined(unit, folder, "/usr/bin/python3", folder / "probes.py", folder, *keys)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("key", PROBES)
def test_a_key_refuses_what_root_may_do_without_it(key, folder):
    if os.geteuid() != 0:
        pytest.skip("only root may do what is refused here")
    if key == "SystemCallArchitectures" and platform.machine() != "x86_64":
        pytest.skip("the probe is code of x86")
    unit = folder / "unit"
    base = ["[Service]", *lines_of(*NEEDED_BY.get(key, []))]
    unit.write_text("\n".join(base))
    assert set(outcomes(unit, folder, key).values()) == {"permitted"}
    own = INSTEAD.get(key) or lines_of(key)
    unit.write_text("\n".join([*base, *lines_of(*NEEDED_TO_REFUSE.get(key, [])), *own]))
    wanted = {f"{key}: {probe.__name__}": error for probe, error in PROBES[key].items()}
    assert outcomes(unit, folder, key) == wanted


def test_the_unit_refuses_all_of_it(folder, whose):
    as_user, soak, is_root = whose
    # The one lets a program have more than is tried; and where all processes are one's own, none is another's.
    keys = set(PROBES) - {"LimitNOFILE"} - (set() if is_root else {"ProtectProc"})
    done = subprocess.run([*as_user, *own_namespaces(is_root), soak / "confine", folder, "/usr/bin/python3",
                           folder / "probes.py", folder, *keys], capture_output=True, text=True, check=False, umask=0)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert len(told) > 30 and "permitted" not in told.values(), told
    assert all(said.startswith("E") or said in signal.Signals.__members__ for said in told.values()), told


def test_a_program_has_the_capability_that_the_unit_hands_on_and_no_other(folder):
    told = confined(UNIT, folder, "grep", "^Cap", "/proc/self/status").stdout.split()
    assert told == [word for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")
                    for word in (f"Cap{name}:", f"{1 << 10:016x}")]  # CAP_NET_BIND_SERVICE


def test_who_may_not_make_namespaces_is_told_so(folder, whose):
    as_user, soak, is_root = whose
    done = subprocess.run([*as_user, *own_namespaces(is_root), soak / "confine", folder, soak / "run"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 77 and "unshare failed: Operation not permitted" in done.stderr, done


def test_a_server_that_was_built_where_nobody_looks_is_run_all_the_same(folder):
    """Such as in a home: what lies beside it is not there."""
    server = folder.parent / "build/bin/holdfastd"
    server.parent.mkdir(parents=True)
    shutil.copy("/bin/ls", server)
    (folder.parent / "build").chmod(0o700)
    done = confined(UNIT, folder, server, folder.parent, server.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"{folder.parent}:", "build", "folder", f"{server.parent}:", "holdfastd"]


def test_each_key_that_is_applied_is_tried():
    assert set(PROBES) | {"AmbientCapabilities"} == set(APPLIED)


def test_each_key_of_the_unit_is_applied_or_listed_with_a_reason():
    keys = set(Unit(UNIT).keys())
    assert keys == set(APPLIED) | set(NOT_APPLIED), "neither table has what the unit does not say"


@pytest.mark.parametrize("line", ["PrivateNetwork=yes", "ProtectHome=read-only", "SystemCallArchitectures=x86",
                                  "RestrictNamespaces=user", "UMask=\\"])
def test_what_confine_does_not_know_ends_it(line, folder):
    unit = folder / "unit"
    unit.write_text(f"[Unit]\nAnything=1\n[Service]\n{line}\n[Install]\nAnything=1\n")
    with pytest.raises(Unknown, match=line.partition("=")[0]):
        Unit(unit)
    done = confined(unit, folder, "true")
    assert done.returncode == 1 and done.stderr.startswith("confine: ") and done.stdout == ""


@pytest.mark.parametrize("lists", [["~@clock"], ["@system-service", ""], [""]])
def test_a_filter_that_systemd_reads_otherwise_ends_it(folder, lists):
    """As one of what is not allowed, or as none at all."""
    unit = folder / "unit"
    unit.write_text("\n".join(["[Service]", *(f"SystemCallFilter={each}" for each in lists),
                               "SystemCallErrorNumber=EPERM"]))
    done = confined(unit, folder, "true")
    assert done.returncode == 1 and "SystemCallFilter" in done.stderr


def test_a_filter_without_its_error_ends_it(folder):
    unit = folder / "unit"
    unit.write_text("\n".join(["[Service]", *lines_of("SystemCallFilter")]))
    assert confined(unit, folder, "true").returncode == 1
