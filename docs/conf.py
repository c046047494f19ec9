# SPDX-License-Identifier: GPL-2.0-only
"""How Sphinx renders these pages; make docs runs it."""

project = "tapdrop"
author = "the authors of tapdrop"

extensions = ["sphinx.ext.graphviz"]
graphviz_output_format = "svg"

html_theme = "alabaster"
html_theme_options = {"description": "which frames tun and tap lose, and why",
                      "page_width": "60em"}
html_show_copyright = False
html_show_sourcelink = False
