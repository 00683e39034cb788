#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# ssh for Ansible: it is killed with the process of Ansible that has started it, so that the module on the cloud's server
# notices that nobody waits for it any more. (One that is started too late for that gets no module on its standard input.)
exec setpriv --pdeathsig KILL ssh "$@"
