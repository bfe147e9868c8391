"""A browser without script for tests: it checks every page it gets, and fills forms as a person would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

VOID = {"meta", "link", "input", "br", "img", "hr", "path", "circle", "rect", "use"}


@dataclass
class Element:
    """One element with its attributes, its text, and the elements inside it."""

    tag: str
    attrs: dict[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(" ".join(c if isinstance(c, str) else c.text for c in self.children).split())

    def all(self, tag: str, **attrs: str) -> list[Element]:
        """Every element of this kind below, in the order of the page."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if child.tag == tag and all(
                        child.attrs.get(name.rstrip("_")) == value for name, value in attrs.items()):
                    found.append(child)
                found += child.all(tag, **attrs)
        return found

    def inside(self, tag: str) -> Element | None:
        """The nearest element of this kind around this one."""
        at = self.parent
        while at is not None and at.tag != tag:
            at = at.parent
        return at


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.at = Element("#page", {})

    def handle_starttag(self, tag, attrs):
        element = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(element)
        if tag not in VOID:
            self.at = element

    def handle_startendtag(self, tag, attrs):
        self.at.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.at))

    def handle_endtag(self, tag):
        at = self.at
        while at is not None and at.tag != tag:
            at = at.parent
        if at is not None and at.parent is not None:
            self.at = at.parent

    def handle_data(self, data):
        self.at.children.append(data)


class Form:
    """A form of a page, with the values that it would send now."""

    def __init__(self, browser: Browser, element: Element, path: str):
        self.browser, self.element = browser, element
        self.action = element.attrs.get("action") or path
        self.method = element.attrs.get("method", "get")
        self.values: list[tuple[str, str]] = []
        for tag in element.all("input") + element.all("textarea") + element.all("select"):
            self._take(tag)

    def _take(self, element: Element) -> None:
        name, kind = element.attrs.get("name"), element.attrs.get("type", "text")
        if not name or (kind in {"radio", "checkbox"} and "checked" not in element.attrs):
            return
        if element.tag == "select":
            options = element.all("option")
            chosen = [o for o in options if "selected" in o.attrs] or options[:1]
            self.values += [(name, o.attrs.get("value", o.text)) for o in chosen]
        elif element.tag == "textarea":
            text = "".join(c for c in element.children if isinstance(c, str)).replace("\r\n", "\n")
            self.values.append((name, text.removeprefix("\n")))
        else:
            self.values.append((name, element.attrs.get("value", "")))

    def fill(self, **answers: str | list[str]) -> Form:
        """Answer questions by name; a list ticks several. Only what the form offers can be answered."""
        names = {e.attrs.get("name") for t in ("input", "textarea", "select") for e in self.element.all(t)}
        for name, value in answers.items():
            assert name in names, f"the form has no field {name!r}: {sorted(n for n in names if n)}"
            self.values = [(n, v) for n, v in self.values if n != name]
            self.values += [(name, v) for v in (value if isinstance(value, list) else [value])]
        return self

    def submit(self, button: str = "", **headers: str) -> Page:
        """Send it, pressing the button with this value (or the first)."""
        buttons = [b for b in self.element.all("button") if b.attrs.get("type", "submit") == "submit"]
        pressed = next((b for b in buttons if not button or b.attrs.get("value") == button), None)
        assert pressed is not None or not button, f"no button {button!r}"
        data = list(self.values)
        action = self.action
        if pressed is not None:
            action = pressed.attrs.get("formaction", action)
            if pressed.attrs.get("name"):
                data.append((pressed.attrs["name"], pressed.attrs.get("value", "")))
        if self.method.lower() == "get":
            return self.browser.get(action, query_string=data, headers=headers)
        return self.browser.post(action, data, headers=headers)


class Page:
    """An answer of the portal, read as HTML and checked for what every page must have."""

    def __init__(self, browser: Browser, response, path: str):
        self.browser, self.response, self.path = browser, response, path
        self.status, self.html = response.status_code, response.get_data(as_text=True)
        reader = _Reader()
        reader.feed(self.html)
        self.root = reader.root
        if "<html" in self.html:
            self._check()

    @property
    def title(self) -> str:
        return self.root.all("title")[0].text

    @property
    def text(self) -> str:
        """What can be read on the page, without what only machines see."""
        return self.root.all("main")[0].text if self.root.all("main") else self.root.text

    def form(self, action: str = "", **attrs: str) -> Form:
        """The form that goes to an address ending like this; else the first of the main part."""
        forms = [f for m in self.root.all("main") or [self.root] for f in m.all("form", **attrs)]
        fitting = [f for f in forms if f.attrs.get("action", "").split("?")[0].endswith(action)]
        assert fitting, f"no form to {action!r} on {self.path}: {[f.attrs for f in forms]}"
        return Form(self.browser, fitting[0], self.path)

    def link(self, text: str) -> Page:
        """Follow the first link that reads like this."""
        link = next((a for a in self.root.all("a") if text in a.text), None)
        assert link is not None, f"no link {text!r} on {self.path}: {[a.text for a in self.root.all('a')]}"
        return self.browser.get(link.attrs["href"])

    @property
    def errors(self) -> list[str]:
        """The faults that the summary on top names."""
        return [fault.text for fault in self._faults()]

    def _faults(self) -> list[Element]:
        boxes = [d for d in self.root.all("div") if "galat" in d.attrs.get("class", "").split()]
        return [fault for box in boxes for fault in box.all("li")]

    def _check(self) -> None:
        where = f"{self.path} ({self.status})"
        ids = [e.attrs["id"] for e in _everything(self.root) if "id" in e.attrs]
        assert len(ids) == len(set(ids)), f"an id is twice on {where}: {sorted(i for i in ids if ids.count(i) > 1)}"
        assert self.root.all("html")[0].attrs.get("lang") in {"id", "en"}, f"no language on {where}"
        assert len(self.root.all("h1")) >= 1, f"no heading on {where}"
        assert self.title, f"no title on {where}"
        for element in _everything(self.root):
            assert not any(name.startswith("on") for name in element.attrs), f"inline script on {where}"
            assert "style" not in element.attrs, f"inline style on {where}: {element.tag}"
        assert all("src" in s.attrs for s in self.root.all("script")), f"inline script on {where}"
        labelled = {label.attrs.get("for") for label in self.root.all("label")}
        for control in self.root.all("input") + self.root.all("select") + self.root.all("textarea"):
            if control.attrs.get("type") in {"hidden", "submit"}:
                continue
            named = control.attrs.get("id") in labelled or control.attrs.get("aria-label") or control.inside("label")
            assert named, f"a field without a label on {where}: {control.attrs}"
        told = [link.attrs["href"][1:] for fault in self._faults() for link in fault.all("a")]
        assert told == sorted(told, key=ids.index), f"faults in another order than their fields on {where}: {told}"


class Browser:
    """One person's browser without script."""

    def __init__(self, client):
        self.client = client

    def get(self, path: str, **kwargs) -> Page:
        """Open an address, following redirects inside the portal."""
        return self._answer(self.client.get(path, **kwargs), path)

    def post(self, path: str, data: list[tuple[str, str]], **kwargs) -> Page:
        """Send form data as they stand."""
        fields: dict[str, list[str]] = {}
        for name, value in data:
            fields.setdefault(name, []).append(value)
        return self._answer(self.client.post(path, data=fields, **kwargs), path)

    def _answer(self, response, path: str) -> Page:
        for _ in range(5):
            target = response.headers.get("Location", "")
            if response.status_code not in {301, 302, 303} or urlsplit(target).netloc:
                break
            path = target
            response = self.client.get(path)
        return Page(self, response, path)


def _everything(element: Element) -> list[Element]:
    found = []
    for child in element.children:
        if isinstance(child, Element):
            found += [child, *_everything(child)]
    return found
