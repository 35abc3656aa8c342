"""Manual pages and completion say what the programs take; what is installed fits together."""

import os
import re
import shutil
import subprocess

import holdfast
import pytest
from holdfast import CHECKOUT, ZONE, endpoint, full

COMPLETION = CHECKOUT / "tools/zonectl/completion"


def help_of(program, *command):
    return subprocess.run([holdfast.BIN / program, *command, "--help"], capture_output=True, text=True,
                          check=True).stdout


def options_in_help(text):
    return set(re.findall(r"^\s+(?:-\w,)?--([a-z-]+)", text, re.M))


def options_in_page(page):
    source = (CHECKOUT / "docs/man" / page).read_text()
    return set(re.findall(r"\.It (?:Fl \w , -|Fl -|Fl h , -)([a-z-]+)", source)), source


def commands():
    names = [c.split("\t")[0] for c in complete("")]
    return [[n] for n in names if n != "zone"] + [["zone", c.split("\t")[0]] for c in complete("zone", "")]


def complete(*words):
    return subprocess.run([holdfast.BIN / "zonectl", "__complete", *words], capture_output=True, text=True,
                          check=True).stdout.splitlines()


def test_the_page_of_zonectl_has_every_command_and_option_and_no_other():
    documented, source = options_in_page("zonectl.1")
    known = options_in_help(help_of("zonectl"))
    for command in commands():
        assert f".It Cm {' '.join(command)}" in source, command
        known |= options_in_help(help_of("zonectl", *command))
    assert documented == known
    for command in re.findall(r"^\.It Cm ((?:zone )?[a-z]+)", source, re.M):
        assert command.split() in commands(), command


def test_the_page_of_holdfastd_has_every_option_and_no_other():
    documented, _ = options_in_page("holdfastd.8")
    assert documented == options_in_help(help_of("holdfastd"))


def test_the_page_of_flood_has_every_option_and_no_other():
    documented, _ = options_in_page("flood.1")
    assert documented == options_in_help(help_of("flood"))


def test_the_page_of_the_configuration_is_made_of_the_program():
    made = subprocess.run([CHECKOUT / "tools/man/config-page", holdfast.BIN / "holdfastd"], capture_output=True,
                          text=True, check=True).stdout
    assert made.count(".It Cm ") > 30 and ".It Cm guard.min-targets" in made
    page = (CHECKOUT / "docs/man/holdfast.yaml.5").read_text()
    assert page == made, "run tools/man/config-page PROGRAM >docs/man/holdfast.yaml.5"


def test_the_unit_of_systemd_is_installed_with_the_places_of_what_is_installed_with_it(tmp_path):
    prefix, stage = tmp_path / "usr/local", tmp_path / "stage"
    for environment in (os.environ, os.environ | {"DESTDIR": str(stage)}):
        done = subprocess.run(["cmake", "--install", holdfast.BIN.parent, "--prefix", prefix], capture_output=True,
                              text=True, timeout=120, check=False, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    unit = (prefix / "lib/systemd/system/holdfast.service").read_text()
    assert (stage / str(prefix / "lib/systemd/system/holdfast.service").lstrip("/")).read_text() == unit
    starts = re.findall(r"^ExecStart(?:Pre)?=(\S+) (--\w+) /etc/holdfast/holdfast.yaml$", unit, re.M)
    assert starts == [(f"{prefix}/sbin/holdfastd", "--check"), (f"{prefix}/sbin/holdfastd", "--config")]
    assert unit.replace(f"{prefix}/sbin/", "/usr/sbin/") == (CHECKOUT / "conf/holdfast.service").read_text()
    config = tmp_path / "holdfast.yaml"
    shutil.copy(CHECKOUT / "conf/holdfast.yaml", config)
    checked = subprocess.run([starts[0][0], "--check", config], capture_output=True, text=True, timeout=20, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr  # with the plugin that the sample names


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
def test_the_pages_can_be_read():
    for page in ("zonectl.1", "flood.1", "holdfastd.8", "holdfast.yaml.5"):
        text = subprocess.run(["mandoc", "-Tutf8", CHECKOUT / "docs/man" / page], capture_output=True, text=True,
                              check=True).stdout
        assert "SEE ALSO" in re.sub(".\x08", "", text) and len(text) > 1000


def bash_completes(server, *words):
    script = f"""
        source {COMPLETION}/zonectl.bash
        COMP_WORDS=({' '.join(f"'{w}'" for w in ('zonectl', *words))}); COMP_CWORD={len(words)}
        _zonectl; printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True,
                          env={"PATH": f"{holdfast.BIN}:/usr/bin:/bin", "HOLDFAST_CONTROL": str(server.control)})
    assert not done.stderr, done.stderr
    return done.stdout.split()


def test_bash_completes_commands_zones_generations_and_files(server):
    for generation in (1, 2):
        server.publish(full(generation, {"web": endpoint("192.0.2.1")}))
    assert bash_completes(server, "roll") == ["rollback"]
    assert bash_completes(server, "zone", "") == ["add", "remove"]
    assert bash_completes(server, "push", "us") == [f"{ZONE}."]
    assert bash_completes(server, "diff", ZONE, "") == ["2", "1"]
    assert "--remove-added" in bash_completes(server, "rollback", ZONE, "--rem")
    server.write("a-plan.json", "{}")
    assert bash_completes(server, "push", ZONE, f"{server.dir}/a-p") == [f"{server.dir}/a-plan.json"]
    server.kill()
    assert bash_completes(server, "push", "us") == []


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_commands_and_zones(server):
    def completes(*words):
        script = f"""
            _describe() {{ print -l -- "${{candidates[@]}}" }}
            _files() {{ print -- FILES }}
            words=({' '.join(f"'{w}'" for w in ('zonectl', *words))}); CURRENT={len(words) + 1}
            source {COMPLETION}/_zonectl
        """
        done = subprocess.run(["zsh", "-f", "-c", script], capture_output=True, text=True, check=True,
                              env={"PATH": f"{holdfast.BIN}:/usr/bin:/bin", "HOLDFAST_CONTROL": str(server.control)})
        assert not done.stderr, done.stderr
        return done.stdout.splitlines()
    assert completes("zone", "") == ["add:Hold a zone; until its first plan it is answered with SERVFAIL",
                                     "remove:Stop answering for a zone; its history and fence stay"]
    assert completes("show", "us") == [f"{ZONE}."]
    assert completes("push", ZONE, "") == ["FILES"]
