"""./dev: finds what is missing, says what it would do, and never touches what it need not.

Package tools are replaced by small scripts on PATH that write down how they were called.
"""

import os
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

LIST = """\
# a comment
[build]
alpha          # why
beta unless=sh # never: sh is everywhere
gamma unless=no-such-program-here
[test]
delta          # why
"""

FAKES = {
    # Answers `installed NAME` for the packages in $INSTALLED.
    "dpkg-query": 'for name in $INSTALLED; do echo "installed $name"; done\n',
    "apt-get": 'echo "apt-get $*" >>"$CALLS"; [ -e "$ZS_POLICY_FILE" ] && echo policy >>"$CALLS"\n'
               "exit ${APT_STATUS:-0}\n",
    "id": 'echo "$FAKE_UID"\n',
    "npm": 'echo "npm $*" >>"$CALLS"\n'
           "mkdir -p node_modules; touch node_modules/.package-lock.json\n",
}


class Dev(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "deps").mkdir()
        (self.root / "deps/debian.txt").write_text(LIST)
        (self.root / "deps/package-lock.json").write_text("{}")
        self.bin = self.root / "bin"
        self.bin.mkdir()
        for name, body in FAKES.items():
            self.fake(name, body)
        self.calls = self.root / "calls"

    def fake(self, name, body):
        path = self.bin / name
        path.write_text("#!/bin/sh\n" + body)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def bash(self, script, installed="", uid=0, path=None, **environment):
        parts = "".join(f"source {ROOT}/tools/dev/{part}.sh\n" for part in ("say", "packages"))
        done = subprocess.run(
            ["/bin/bash", "-c", f"set -euo pipefail\nROOT={self.root}\n{parts}{script}"],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env={"PATH": path or f"{self.bin}:{os.environ['PATH']}", "INSTALLED": installed,
                 "CALLS": str(self.calls), "FAKE_UID": str(uid),
                 "ZS_POLICY_FILE": str(self.root / "policy"), **environment})
        calls = self.calls.read_text().splitlines() if self.calls.exists() else []
        return done, calls

    def test_wanted_packages_follow_sections_and_conditions(self):
        done, _ = self.bash("wanted_packages build")
        self.assertEqual(done.stdout.split(), ["alpha", "gamma"])
        done, _ = self.bash("wanted_packages build test")
        self.assertEqual(done.stdout.split(), ["alpha", "gamma", "delta"])

    def test_installs_nothing_when_all_is_there(self):
        done, calls = self.bash("install_packages build", installed="gamma alpha")
        self.assertEqual((done.returncode, calls, done.stderr), (0, [], ""))

    def test_installs_only_what_is_missing_and_starts_no_service(self):
        done, calls = self.bash("install_packages build test", installed="alpha")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(calls, ["apt-get update -q",
                                 "apt-get install -y -q --no-install-recommends gamma delta",
                                 "policy"])
        self.assertIn("installing 2 Debian packages: gamma delta", done.stderr)
        self.assertFalse((self.root / "policy").exists(), "the policy stayed behind")

    def test_leaves_a_policy_that_is_there(self):
        (self.root / "policy").write_text("mine")
        self.bash("install_packages build")
        self.assertEqual((self.root / "policy").read_text(), "mine")

    def test_a_package_whose_name_is_part_of_another_is_missing(self):
        _, calls = self.bash("install_packages build", installed="alpha-dev gamma")
        self.assertIn("apt-get install -y -q --no-install-recommends alpha", calls)

    def test_uses_sudo_when_not_root(self):
        self.fake("sudo", 'echo "sudo $*" >>"$CALLS"; [ "$1" = -n ] && shift; exec "$@"\n')
        done, calls = self.bash("install_packages build", installed="alpha", uid=1000)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("sudo -n apt-get update -q", calls)
        self.assertIn("apt-get install -y -q --no-install-recommends gamma", calls)

    def test_says_what_to_do_without_root_and_sudo(self):
        for program in ("bash", "sed", "grep", "cat"):
            found = subprocess.run(["which", program], capture_output=True, text=True, check=True)
            (self.bin / program).symlink_to(found.stdout.strip())
        done, calls = self.bash("install_packages build", uid=1000, path=str(self.bin))
        self.assertEqual((done.returncode, calls), (1, []))
        self.assertIn("neither root nor have sudo", done.stderr)
        self.assertIn("apt-get install alpha", done.stderr)

    def test_fails_when_apt_fails(self):
        done, _ = self.bash("install_packages build", APT_STATUS="100")
        self.assertEqual(done.returncode, 1)
        self.assertIn("could not install: alpha gamma", done.stderr)

    def test_can_be_told_to_install_nothing(self):
        done, calls = self.bash("install_packages build", ZS_INSTALL="never")
        self.assertEqual((done.returncode, calls), (1, []))
        self.assertIn("missing packages (ZS_INSTALL=never): alpha gamma", done.stderr)

    def test_fetches_modules_once_and_again_when_the_lock_changed(self):
        self.bash("install_modules deps; install_modules deps")
        _, calls = self.bash("")
        self.assertEqual(len(calls), 1, calls)
        self.assertIn("npm ci --ignore-scripts", calls[0])
        stamp = self.root / "deps/node_modules/.package-lock.json"
        os.utime(stamp, (1, 1))
        _, calls = self.bash("install_modules deps")
        self.assertEqual(len(calls), 2, calls)


class CommandLine(unittest.TestCase):
    def dev(self, *arguments):
        return subprocess.run([str(ROOT / "dev"), *arguments], capture_output=True, text=True,
                              check=False, cwd="/", stdin=subprocess.DEVNULL)

    def test_help_names_every_command(self):
        for arguments in (["help"], ["--help"], [], ["check", "--help"]):
            done = self.dev(*arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            for command in re.findall(r"\bcmd_(\w+) ", (ROOT / "dev").read_text()):
                self.assertRegex(done.stdout, rf"(?m)^  {command}\b")

    def test_refuses_what_it_does_not_know(self):
        for arguments in (["tset"], ["demo", "--onec"], ["test", "--preset", "fast"],
                          ["lint", "-x"], ["check", "now"], ["bench", "../http"],
                          ["fuzz", "http", "soon"]):
            done = self.dev(*arguments)
            self.assertEqual(done.returncode, 2, f"{arguments}: {done.stderr}")

    def test_lists_the_benchmarks(self):
        done = self.dev("bench")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Usage: ./dev bench NAME", done.stdout)

    def test_every_package_has_a_reason(self):
        for row in (ROOT / "deps/debian.txt").read_text().splitlines():
            if row and row[0] not in "#[":
                self.assertRegex(row, r"^[a-z0-9.+-]+( unless=\w+)? +# \S")


if __name__ == "__main__":
    unittest.main()
