"""The plain pages behind the links of mails: no remote asset, not cached."""

from html import escape

from litestar import Response

from buildos_box.locales.language import Language

NO_STORE = {"Cache-Control": "no-store, private", "Referrer-Policy": "no-referrer"}
STYLE = """
:root { color-scheme: light dark; --paper: #faf9f7; --ink: #1d2126; --accent: #0b5aa8; --on: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --ink: #e9e7e3; --accent: #8abfff; --on: #0b1a2b; }
}
html { font: 100%/1.5 system-ui, sans-serif; background: var(--paper); color: var(--ink); }
body { max-width: 32rem; margin: 0 auto; padding: 2.5rem 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.55rem; line-height: 1.25; }
a { color: var(--accent); }
form { margin: .75rem 0; }
button { font: inherit; min-height: 44px; padding: .4rem 1rem; border: 1px solid var(--accent);
  border-radius: 8px; background: var(--accent); color: var(--on); cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
"""
"""As the users' page (`static/app/app.css`); it is sent with the page, which loads nothing."""
PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
SCRIPT_POLICY = f"{PAGE_POLICY}; script-src 'self'; connect-src 'self'"


def page(
    language: Language, status: int, title: str, text: str, form: str = "", *, script: str = ""
) -> Response[str]:
    """A page with a heading, a paragraph and possibly buttons.

    `form` is HTML; `script` is the address of one of the server's own scripts.
    """
    loaded = f'<script type="module" src="{escape(script)}"></script>' if script else ""
    body = f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{form}{loaded}"
    return _answer(language, status, title, body, SCRIPT_POLICY if script else PAGE_POLICY)


def text_page(language: Language, title: str, html: str, below: str) -> Response[str]:
    """A page with a cleaned text that has its own heading, and HTML below it."""
    return _answer(language, 200, title, html + below, PAGE_POLICY)


def _answer(language: Language, status: int, title: str, body: str, policy: str) -> Response[str]:
    html = (
        f'<!doctype html><html lang="{language.tag}" dir="{language.direction}">'
        '<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    headers = {
        **NO_STORE,
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(html, status_code=status, media_type="text/html", headers=headers)
