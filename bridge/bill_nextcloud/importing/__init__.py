# SPDX-License-Identifier: GPL-3.0-or-later
"""``import``: existing accounts of a cloud become services. Nothing on the cloud is changed."""
