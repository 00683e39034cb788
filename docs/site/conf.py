# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx: the pages of the collection, made of its documentation (make docs). Nothing is fetched."""

from __future__ import annotations

from docutils.nodes import Element, TextElement, reference
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

project = "bill.nextcloud"
project_copyright = "The bill-nextcloud authors"
html_title = html_short_title = "bill.nextcloud"
extensions = ["sphinx_antsibull_ext"]
html_theme = "alabaster"
html_theme_options = {"page_width": "1100px"}
html_show_sourcelink = False
nitpicky = True

# Labels in Ansible's own documentation, to which antsibull-docs refers.
ANSIBLE = "https://docs.ansible.com/ansible/latest/"
LABELS = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def refer_to_ansible(_app: Sphinx, _env: BuildEnvironment, node: Element, content: TextElement) -> reference | None:
    """Return a link to Ansible's documentation, or None for an unknown label, which stays a warning."""
    page = LABELS.get(node.get("reftarget", ""))
    if page is None:
        return None
    return reference("", "", content, internal=False, refuri=ANSIBLE + page)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("missing-reference", refer_to_ansible)
