#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs the bridge on this host out of the unpacked bundle that this file is in; Ansible comes out of the bundle, too.
# Arguments go to ansible-playbook: --check --diff, --tags uninstall, -e bridge_…=… (see playbooks/bridge.yml).
# PYTHON names the interpreter; by default python3.X or python3, whichever is the version that the bundle is for.
set -eu
umask 022
cd "$(dirname "$0")/.."

refuse() { echo "install.sh: $*" >&2; exit 1; }

[ -f bundle.json ] || refuse "$PWD is no unpacked bundle. In a clone: make install"
[ "$(id -u)" = 0 ] || refuse "only root can install the bridge"
version=$(sed -n 's/.*"python": "\([0-9.]*\)".*/\1/p' bundle.json)
found=
for name in ${PYTHON:-"python$version" "/usr/bin/python$version" python3 /usr/bin/python3}; do
  # A pyenv shim answers for versions that are not there.
  found=$("$name" -c 'import sys; print(sys.executable if "%d.%d" % sys.version_info[:2] == sys.argv[1] else "")' \
    "$version" 2>/dev/null) || found=
  [ -z "$found" ] || break
done
[ -n "$found" ] || refuse "this bundle is for Python $version, which is not here as ${PYTHON:-python$version}." \
  "Install it (docs/install.md has the packages), or build a bundle for the Python that is here: make bundle PYTHON=…"

temporary=$(mktemp -d)
case $temporary in *[[:space:]]*) refuse "the temporary directory $temporary has a blank in its name: TMPDIR=/var/tmp names another" ;; esac
trap 'rm -rf "$temporary"' EXIT
trap 'exit 1' HUP INT TERM
"$found" -I bridge/bundle.py pack "$temporary/bundle.tar"
# From a copy: this may be the installed release, which `--tags uninstall` removes.
mkdir "$temporary/bundle"
tar -xf "$temporary/bundle.tar" --strip-components=1 -C "$temporary/bundle"
cd "$temporary/bundle"
"$found" -I -c 'import ensurepip, venv' 2>/dev/null ||
  refuse "$found has no module venv. On Debian, Ubuntu and Astra Linux: apt-get install python$version-venv"
"$found" -m venv "$temporary/venv"
"$temporary/venv/bin/python" -c '' 2>/dev/null && cp /bin/true "$temporary/true" && "$temporary/true" 2>/dev/null ||
  refuse "programs cannot be run in $temporary (mounted noexec): TMPDIR=/root, for instance, names another directory"
PIP_CONFIG_FILE=/dev/null "$temporary/venv/bin/python" -m pip install --isolated --quiet --no-compile \
  --disable-pip-version-check --no-index --find-links wheels --constraint constraints.txt ansible-core
export ANSIBLE_CONFIG="$PWD/ansible.cfg"
"$temporary/venv/bin/ansible-playbook" -i localhost, -c local \
  -e "ansible_python_interpreter=$temporary/venv/bin/python" -e "bridge_python=$found" \
  -e "bridge_bundle=$temporary/bundle.tar" playbooks/bridge.yml "$@"
