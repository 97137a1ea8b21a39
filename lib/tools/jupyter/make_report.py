"""Turns executed notebooks into pages, with nbconvert and the template beside this file.

Called by lib/tools/report.ts. stdin: the task (JSON). Each page is written whole but for its mathematics, which stands as
`<bn-math>` elements for the caller to render. stdout: what each page holds (JSON), for the index.
"""

import base64
import hashlib
import html
import json
import re
import sys
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import InvalidNotebook, IPythonRenderer, MarkdownWithMath
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

HERE = Path(__file__).parent
PLOTLY = "application/vnd.plotly.v1+json"
CLAIM = "application/vnd.bnlab.claim+json"
# Traces that Plotly draws by WebGL, with programs that it puts together as text and evaluates.
WEBGL = re.compile(r"gl$|3d$|^(?:splom|parcoords|surface|cone|streamtube|isosurface|volume)$")


def highlighted(code, language="typescript"):
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return f'<pre tabindex="0"><code>{html.escape(code)}</code></pre>'
    inner = highlight(code.rstrip("\n"), lexer, HtmlFormatter(nowrap=True))
    return f'<pre tabindex="0"><code>{inner}</code></pre>'


class Page(IPythonRenderer):
    """Markdown of one page: headings with anchors and a table of contents, mathematics left to the caller."""

    def __init__(self, folder, pages):
        super().__init__(escape=False, embed_images=True, exclude_anchor_links=True, path=str(folder))
        self.pages, self.toc, self.used, self.first_heading = pages, [], set(), None

    def anchor(self, text):
        plain = re.sub(r"<[^>]+>", "", text)
        slug = re.sub(r"[^\w]+", "-", html.unescape(plain).lower()).strip("-") or "section"
        unique, n = slug, 2
        while unique in self.used:
            unique, n = f"{slug}-{n}", n + 1
        self.used.add(unique)
        return unique

    def heading(self, text, level, **attrs):
        anchor = self.anchor(text)
        if level == 1 and self.first_heading is None:
            self.first_heading = text
            return f'<h1 id="{anchor}">{text}</h1>\n'
        level = max(level, 2)  # a page has one first-level heading
        if level <= 3:
            # An entry is a link itself, and holds none.
            self.toc.append({"level": level, "id": anchor, "text": Markup(re.sub(r"</?a\b[^>]*>", "", text))})
        label = html.escape(html.unescape(re.sub(r"<[^>]+>", "", text)), quote=True)
        link = f'<a class="anchor" href="#{anchor}" aria-label="Link to: {label}">#</a>'
        return f'<h{level} id="{anchor}">{text}{link}</h{level}>\n'

    def block_html(self, html):
        # nbconvert embeds a block's pictures by parsing it alone, which closes what a later block is to close: the
        # quotation around a paragraph, the fold around an answer. A report's pictures are embedded already.
        return html

    def _embed_image_or_attachment(self, src):
        # A picture that is not there is shown by its words; nbconvert gives up the page for it.
        try:
            return super()._embed_image_or_attachment(src)
        except InvalidNotebook:
            return src

    def block_math(self, body):
        return f"<bn-math display>{html.escape(body, quote=False)}</bn-math>"

    def inline_math(self, body):
        return f"<bn-math>{html.escape(body, quote=False)}</bn-math>"

    def latex_environment(self, name, body):
        tex = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return f"<bn-math display>{html.escape(tex, quote=False)}</bn-math>"

    def block_code(self, code, info=None):
        return highlighted(code, (info or "text").split()[0])

    def link(self, text, url, title=None):
        file, hash_, fragment = url.partition("#")
        name = file.rsplit("/", 1)[-1]
        if "://" not in file and name in self.pages:
            url = self.pages[name] + hash_ + fragment
        return super().link(text, url, title)

    def table(self, text):
        return f'<div class="table" tabindex="0" role="group" aria-label="Table"><table>\n{text}</table></div>\n'


def markdown(page, source, attachments=None):
    page.attachments = attachments or {}
    made = MarkdownWithMath(renderer=page).render(source)
    return Markup(made.replace('<input class="task-list-item-checkbox"', '<input aria-label="Task" class="task-list-item-checkbox"'))


class Exporter(HTMLExporter):
    def from_notebook_node(self, nb, resources=None, **kw):
        """Without HTMLExporter's second pass: reading the page as HTML and writing it again would spoil inline SVG."""
        return TemplateExporter.from_notebook_node(self, nb, resources, **kw)


def figure(output, number):
    """What the template needs of a Plotly output."""
    drawn = output["data"][PLOTLY]
    layout = dict(drawn.get("layout", {}))
    meta = layout.pop("meta", None) or {}
    say = lambda key: str(meta.get(key) or drawn.get(key) or "").strip()  # noqa: E731
    live = {"data": drawn.get("data", []), "layout": layout, "frames": drawn.get("frames", []), "config": drawn.get("config", {})}
    svg = output["data"].get("image/svg+xml")
    return {
        "number": number,
        "alt": say("alt") or say("caption") or "A figure",
        "caption": say("caption"),
        "summary": say("summary") or str(output["data"].get("text/plain", "")),
        "width": layout.get("width") or 760,
        "height": layout.get("height") or 420,
        "twin": Markup(svg) if svg else None,
        # `<` would let a string end the element that holds this.
        "json": Markup(json.dumps(live, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")),
    }


def output_kind(output):
    data = output.get("data", {})
    if output.get("metadata", {}).get("bnlab", {}).get("role") == "caption":
        return None  # JupyterLab needs it below a figure; here the figure has its own
    for kind, type_ in (("plotly", PLOTLY), ("html", "text/html"), ("markdown", "text/markdown"),
                        ("svg", "image/svg+xml"), ("png", "image/png"), ("jpeg", "image/jpeg"), ("text", "text/plain")):
        if type_ in data and not (kind == "text" and CLAIM in data):
            return kind
    return None


def page_html(source):
    """A cell's HTML. A table wider than a telephone is moved sideways, by keyboard too; the page stays."""
    return Markup(str(source).replace('<div class="bnlab-table">', '<div class="bnlab-table table" tabindex="0" role="group" aria-label="Table">'))


def convert(task, entry, pages):
    notebook = nbformat.read(entry["notebook"], as_version=4)
    page = Page(Path(entry["notebook"]).parent if entry.get("folder") is None else entry["folder"], pages)
    numbers = iter(range(1, 10_000))
    exporter = Exporter(extra_template_basedirs=[str(HERE / "template")], template_name="bnlab")
    exporter.register_filter("page_markdown", lambda source, attachments=None: markdown(page, source, attachments))
    exporter.register_filter("page_code", lambda source: Markup(highlighted(source)))
    exporter.register_filter("page_figure", lambda output: figure(output, next(numbers)))
    exporter.register_filter("page_kind", output_kind)
    exporter.register_filter("page_html", page_html)
    exporter.register_filter("one_line", lambda text: " ".join(str(text).split()))
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    # The table of contents stands above the text that fills it: the article is made first, then the page around it.
    article, _ = exporter.from_notebook_node(notebook, resources={"bnlab": entry})
    traces = [t for c in notebook.cells for o in c.get("outputs", []) for t in o.get("data", {}).get(PLOTLY, {}).get("data", [])]
    evaluates = any(WEBGL.search(str(trace.get("type", ""))) for trace in traces)
    write(task, entry["page"], {**entry, "evaluates": evaluates, "article": Markup(article), "toc": page.toc, "title": Markup(page.first_heading or entry["name"])})
    return {"name": entry["name"], "title": page.first_heading or entry["name"]}


def write(task, name, context):
    environment = Environment(
        loader=FileSystemLoader(HERE / "template" / "bnlab"), autoescape=select_autoescape(["j2", "html"]), trim_blocks=True, lstrip_blocks=True
    )
    # A title may hold mathematics; the browser's tab may not.
    plain = re.sub(r"<[^>]+>", "", str(context["title"]))
    script = "\n" + environment.get_template("page.js.j2").render()
    evaluates = context.get("evaluates", False)
    text = environment.get_template("page.html.j2").render(
        site=task["site"], plain_title=Markup(plain), script=Markup(script), policy=policy(script, evaluates), **context
    )
    # An output may hold half a surrogate pair, which UTF-8 cannot.
    Path(task["out"], name).write_bytes(text.encode("utf-8", "replace"))


def policy(script, evaluates):
    """What a page may do, as its Content-Security-Policy: a notebook may come from anyone, and so may what its cells display.

    Of scripts the page's own runs, known by its hash, and what that one loads ('strict-dynamic': plotly.js); none that stands in
    Markdown, HTML or SVG. `evaluates`: a figure of the page needs it, which lets no script in. Styles and pictures may stand in the text. Nothing is asked from a network; `file:` is beside 'self' for
    browsers to which no two files have the same origin.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = {
        "default-src": "'none'",
        "script-src": f"'sha256-{digest}' 'strict-dynamic'" + (" 'unsafe-eval'" if evaluates else ""),
        "style-src": "'self' file: 'unsafe-inline'",
        "img-src": "'self' file: data: blob:",
        "media-src": "'self' file: data: blob:",
        "font-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def main():
    task = json.load(sys.stdin)
    pages = task["links"]
    titles = []
    for entry in task["notebooks"]:
        try:
            titles.append(convert(task, entry, pages))
        except Exception as error:
            raise SystemExit(f"{entry['notebook']}: {type(error).__name__}: {error}") from error
    for extra in task["texts"]:
        page = Page(Path(extra["folder"]), pages)
        article = markdown(page, extra["source"])
        write(task, extra["page"], {"article": article, "toc": page.toc, "title": Markup(page.first_heading or extra["name"]), "name": extra["name"]})
    index = task["index"]
    for row in index["rows"]:
        row["title"] = Markup(next(t["title"] for t in titles if t["name"] == row["name"]))
    environment = Environment(loader=FileSystemLoader(HERE / "template" / "bnlab"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    article = Markup(environment.get_template("contents.html.j2").render(**index))
    write(task, "index.html", {"article": article, "toc": [], "title": index["title"], "name": "index", "index": True})
    json.dump(titles, sys.stdout)


if __name__ == "__main__":
    main()
