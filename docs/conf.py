"""Sphinx's settings. `make docs` copies this file to the sources that tools/gen_docs writes."""

project = "tnp"
author = "the tnp developers"
copyright = author
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "tnp"
html_static_path = ["theme.css"]
html_css_files = ["theme.css"]
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
suppress_warnings = ["myst.xref_missing"]  # the texts link to files of the repository, too
