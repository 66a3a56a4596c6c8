"""The website of the documentation. `make docs` builds it once for each language."""

project = "SNAP token server"
extensions = ["myst_parser"]
nitpicky = True  # A link that leads nowhere is a warning, and `make docs` fails on warnings.
myst_heading_anchors = 3  # Headings have the anchors that GitHub gives them.
templates_path = ["_templates"]
html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False
