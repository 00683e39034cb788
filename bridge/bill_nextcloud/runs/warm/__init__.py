# SPDX-License-Identifier: GPL-3.0-or-later
"""A warm start: a process that has ansible-playbook loaded already, and forks for each run.

``client`` is the worker's side, ``server`` the process, ``preloaded`` all that knows Ansible's insides, ``key`` what
must be the same in the server as in a run. Whatever is not as expected means a cold start, which is always right.
"""
