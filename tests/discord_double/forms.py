"""What a request's body must look like: Discord's length limits and shapes.

`Form` collects every problem of a body before it refuses, as Discord does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .errors import InvalidForm
from .jsons import as_list, as_object, is_list, is_object, objects_in

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

CONTENT_MAX: Final = 2000
NONCE_MAX: Final = 25
EMBEDS_MAX: Final = 10
EMBED_TOTAL_MAX: Final = 6000
EMBED_FIELDS_MAX: Final = 25
NAME_MAX: Final = 100
CUSTOM_ID_MAX: Final = 100
ROWS_MAX: Final = 5
BUTTONS_MAX: Final = 5
COMPONENTS_V2_MAX: Final = 40
MODAL_TITLE_MAX: Final = 45
LABEL_MAX: Final = 45
DESCRIPTION_MAX: Final = 100
OPTIONS_MAX: Final = 25
ARCHIVE_MINUTES: Final = (60, 1440, 4320, 10080)
SLOWMODE_MAX: Final = 21600
SNOWFLAKE_MAX: Final = (1 << 64) - 1

_EMBED_TEXTS: Final = (("title", 256), ("description", 4096))

ACTION_ROW, BUTTON, STRING_SELECT, TEXT_INPUT, USER_SELECT = 1, 2, 3, 4, 5
SELECTS: Final = frozenset({3, 5, 6, 7, 8})
LABEL: Final = 18
_LINK_STYLES: Final = frozenset({5, 6})
_BUTTON_STYLES: Final = range(1, 7)


class Form:
    """A JSON body under inspection."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self._problems: list[tuple[str, str, str]] = []

    def refuse(self, path: str, problem: str, why: str) -> None:
        """Note a problem."""
        self._problems.append((path, problem, why))

    def close(self) -> None:
        """End the inspection.

        Raises:
            InvalidForm: at least one problem was noted.
        """
        if self._problems:
            raise InvalidForm(self._problems)

    def text(
        self, path: str, value: object, *, longest: int, shortest: int = 0, required: bool = False
    ) -> str | None:
        """Check one string, and return it."""
        if value is None:
            if required:
                self.refuse(path, "BASE_TYPE_REQUIRED", "This field is required")
            return None
        if not isinstance(value, str):
            self.refuse(path, "STRING_TYPE_CONVERT", f"Could not interpret {value!r} as string.")
            return None
        if required and not value:
            self.refuse(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif len(value) > longest:
            why = f"Must be {longest} or fewer in length."
            if shortest:
                why = f"Must be between {shortest} and {longest} in length."
                self.refuse(path, "BASE_TYPE_BAD_LENGTH", why)
            else:
                self.refuse(path, "BASE_TYPE_MAX_LENGTH", why)
        elif len(value) < shortest:
            why = f"Must be between {shortest} and {longest} in length."
            self.refuse(path, "BASE_TYPE_BAD_LENGTH", why)
        return value

    def number(self, path: str, value: object, *, least: int, most: int) -> int | None:
        """Check one whole number, which may also come as a string, and return it."""
        if value is None:
            return None
        try:
            number = int(value) if isinstance(value, int | str) else None
        except ValueError:
            number = None
        if number is None or isinstance(value, bool):
            self.refuse(path, "NUMBER_TYPE_COERCE", f"Value {value!r} is not an int.")
        elif number < least:
            self.refuse(path, "NUMBER_TYPE_MIN", f"int value should be at least {least}.")
        elif number > most:
            self.refuse(path, "NUMBER_TYPE_MAX", f"int value should be at most {most}.")
        return number

    def snowflake(self, path: str, value: object) -> int | None:
        """Check one id and return it."""
        return self.number(path, value, least=0, most=SNOWFLAKE_MAX)

    def choice(self, path: str, value: object, choices: Collection[object]) -> None:
        """Check that a value, if given, is one of a few."""
        if value is not None and value not in choices:
            listed = ", ".join(map(repr, choices))
            self.refuse(path, "BASE_TYPE_CHOICES", f"Value must be one of ({listed}).")

    def flag(self, path: str, value: object) -> None:
        """Check one boolean."""
        if value is not None and not isinstance(value, bool):
            self.refuse(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")

    def objects(self, path: str, value: object, *, most: int) -> list[dict[str, Any]]:
        """Check a list of objects and return those that are objects."""
        if value is None:
            return []
        if not is_list(value):
            self.refuse(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        items = as_list(value)
        if len(items) > most:
            self.refuse(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        for index, item in enumerate(items):
            if not is_object(item):
                self.refuse(
                    f"{path}.{index}",
                    "MODEL_TYPE_CONVERT",
                    "Only dictionaries may be used in a ModelType",
                )
        return objects_in(items)

    # -- composed shapes ------------------------------------------------------

    def embeds(self, value: object) -> list[dict[str, Any]]:
        """Check a message's embeds, and return them as Discord stores them."""
        checked = self.objects("embeds", value, most=EMBEDS_MAX)
        total = sum(self._embed(f"embeds.{i}", embed) for i, embed in enumerate(checked))
        if total > EMBED_TOTAL_MAX:
            why = f"Embed size exceeds maximum size of {EMBED_TOTAL_MAX}"
            self.refuse("embeds", "MAX_EMBED_SIZE_EXCEEDED", why)
        return [{"type": "rich"} | embed for embed in checked]

    def _embed(self, path: str, embed: dict[str, Any]) -> int:
        """Check one embed and return how many characters it counts."""
        texts: list[str | None] = [
            self.text(f"{path}.{name}", embed.get(name), longest=longest)
            for name, longest in _EMBED_TEXTS
        ]
        footer, author = as_object(embed.get("footer")), as_object(embed.get("author"))
        texts.append(self.text(f"{path}.footer.text", footer.get("text"), longest=2048))
        texts.append(self.text(f"{path}.author.name", author.get("name"), longest=256))
        fields = self.objects(f"{path}.fields", embed.get("fields"), most=EMBED_FIELDS_MAX)
        for index, item in enumerate(fields):
            at = f"{path}.fields.{index}"
            texts.append(self.text(f"{at}.name", item.get("name"), longest=256, required=True))
            texts.append(self.text(f"{at}.value", item.get("value"), longest=1024, required=True))
        return sum(len(text.strip()) for text in texts if text)

    def components(self, value: object, *, version_2: bool = False) -> list[dict[str, Any]]:
        """Check a message's components and return them with ids, as Discord stores them."""
        most = COMPONENTS_V2_MAX if version_2 else ROWS_MAX
        rows = self.objects("components", value, most=most)
        seen: set[str] = set()
        for index, row in enumerate(rows):
            at = f"components.{index}"
            if row.get("type") == ACTION_ROW:
                self._row(at, row, seen)
            elif version_2:
                for place, inner in enumerate(objects_in(row.get("components"))):
                    if inner.get("type") == ACTION_ROW:
                        self._row(f"{at}.components.{place}", inner, seen)
            else:
                self.refuse(f"{at}.type", "UNION_TYPE_CHOICES", "Value of field must be one of (1)")
        return _numbered(rows)

    def _row(self, path: str, row: dict[str, Any], seen: set[str]) -> None:
        items = self.objects(f"{path}.components", row.get("components"), most=BUTTONS_MAX)
        if not items:
            why = f"Must be between 1 and {BUTTONS_MAX} in length."
            self.refuse(f"{path}.components", "BASE_TYPE_BAD_LENGTH", why)
        if any(item.get("type") in SELECTS for item in items) and len(items) > 1:
            self.refuse(
                f"{path}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "Row width exceeded"
            )
        for index, item in enumerate(items):
            at = f"{path}.components.{index}"
            if item.get("type") == BUTTON:
                self._button(at, item, seen)
            elif item.get("type") in SELECTS:
                self._custom_id(at, item, seen)
                self._select(at, item)
            else:
                why = "Value of field must be one of (2, 3, 5, 6, 7, 8)"
                self.refuse(f"{at}.type", "UNION_TYPE_CHOICES", why)

    def _button(self, path: str, item: dict[str, Any], seen: set[str]) -> None:
        style = item.get("style")
        self.choice(f"{path}.style", style, _BUTTON_STYLES)
        self.text(f"{path}.label", item.get("label"), longest=80)
        if style not in _LINK_STYLES:
            self._custom_id(path, item, seen)
        if not item.get("label") and not item.get("emoji") and style not in _LINK_STYLES:
            self.refuse(path, "BUTTON_COMPONENT_LABEL_REQUIRED", "A label or emoji is required")

    def _select(self, path: str, item: dict[str, Any]) -> None:
        self.text(f"{path}.placeholder", item.get("placeholder"), longest=150)
        least, most = (item.get(f"{name}_values", 1) for name in ("min", "max"))
        self.number(f"{path}.min_values", least, least=0, most=OPTIONS_MAX)
        self.number(f"{path}.max_values", most, least=1, most=OPTIONS_MAX)
        if item.get("type") != STRING_SELECT:
            return
        options = self.objects(f"{path}.options", item.get("options"), most=OPTIONS_MAX)
        if not options:
            self.refuse(f"{path}.options", "BASE_TYPE_REQUIRED", "This field is required")
        values = [option.get("value") for option in options]
        if len(set(values)) != len(values):
            why = "The specified option value is already used"
            self.refuse(f"{path}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", why)
        if sum(bool(option.get("default")) for option in options) > most:
            why = f"Must be {most} or fewer in length."
            self.refuse(f"{path}.options", "SELECT_COMPONENT_TOO_MANY_DEFAULTS", why)
        for index, option in enumerate(options):
            at = f"{path}.options.{index}"
            for name in ("label", "value"):
                self.text(f"{at}.{name}", option.get(name), longest=100, required=True)
            self.text(f"{at}.description", option.get("description"), longest=100)

    def _custom_id(self, path: str, item: dict[str, Any], seen: set[str]) -> None:
        custom_id = self.text(
            f"{path}.custom_id",
            item.get("custom_id"),
            longest=CUSTOM_ID_MAX,
            shortest=1,
            required=True,
        )
        if custom_id in seen:
            why = "Component custom id cannot be duplicated"
            self.refuse(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", why)
        if custom_id:
            seen.add(custom_id)

    def modal(self) -> None:
        """Check a modal: title, custom_id and one to five inputs."""
        body = self.body
        self.text("title", body.get("title"), longest=MODAL_TITLE_MAX, shortest=1, required=True)
        self.text(
            "custom_id", body.get("custom_id"), longest=CUSTOM_ID_MAX, shortest=1, required=True
        )
        rows = self.objects("components", body.get("components"), most=ROWS_MAX)
        if not rows:
            why = f"Must be between 1 and {ROWS_MAX} in length."
            self.refuse("components", "BASE_TYPE_BAD_LENGTH", why)
        seen: set[str] = set()
        for index, row in enumerate(rows):
            at = f"components.{index}"
            if row.get("type") == LABEL:
                self._label(at, row, seen)
                continue
            # In a row of its own an input carries its label itself; a menu needs a label.
            items = objects_in(row.get("components"))
            if row.get("type") != ACTION_ROW or [i.get("type") for i in items] != [TEXT_INPUT]:
                why = "Value of field must be one of (4,)"
                self.refuse(f"{at}.components.0.type", "UNION_TYPE_CHOICES", why)
            for item in items:
                name = item.get("label")
                inner = f"{at}.components.0"
                self.text(f"{inner}.label", name, longest=LABEL_MAX, shortest=1, required=True)
                self._input(inner, item, seen)

    def _label(self, path: str, row: dict[str, Any], seen: set[str]) -> None:
        """Check a label of a modal and the one thing under it."""
        name, about = row.get("label"), row.get("description")
        self.text(f"{path}.label", name, longest=LABEL_MAX, shortest=1, required=True)
        self.text(f"{path}.description", about, longest=DESCRIPTION_MAX)
        item, at = as_object(row.get("component")), f"{path}.component"
        if item.get("type") == TEXT_INPUT:
            if item.get("label") is not None:
                why = "A text input in a label has no label of its own"
                self.refuse(f"{at}.label", "BASE_TYPE_NOT_ALLOWED", why)
            self._input(at, item, seen)
        elif item.get("type") in SELECTS:
            self._custom_id(at, item, seen)
            self._select(at, item)
            if item.get("disabled"):
                why = "Components in a modal can't be disabled"
                self.refuse(f"{at}.disabled", "BASE_TYPE_NOT_ALLOWED", why)
            if item.get("required", True) and item.get("min_values", 1) == 0:
                why = "A required select takes at least one value"
                self.refuse(f"{at}.min_values", "BASE_TYPE_CONFLICT", why)
        else:
            why = "Value of field must be one of (3, 4, 5, 6, 7, 8)"
            self.refuse(f"{at}.type", "UNION_TYPE_CHOICES", why)

    def _input(self, path: str, item: dict[str, Any], seen: set[str]) -> None:
        """Check a text input of a modal; what it is filled in with obeys its own limits."""
        self._custom_id(path, item, seen)
        self.choice(f"{path}.style", item.get("style"), (1, 2))
        self.text(f"{path}.placeholder", item.get("placeholder"), longest=100)
        longest = self.number(f"{path}.max_length", item.get("max_length"), least=1, most=4000)
        self.number(f"{path}.min_length", item.get("min_length"), least=0, most=4000)
        self.text(f"{path}.value", item.get("value"), longest=longest or 4000)


def inputs_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the inputs of a modal, whether they stand in action rows or in labels."""
    found: list[dict[str, Any]] = []
    for row in rows:
        inner = [row.get("component")] if row.get("type") == LABEL else row.get("components")
        found.extend(objects_in(inner))
    return found


def filled_in_with(item: dict[str, Any]) -> str:
    """Return what an input of a modal holds before anybody touches it."""
    if item.get("type") == TEXT_INPUT:
        return str(item.get("value") or "")
    chosen = [option for option in objects_in(item.get("options")) if option.get("default")]
    return str(chosen[0]["value"]) if chosen else ""


def interactive(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every component with a custom_id, at any depth, in the order of appearance."""
    found: list[dict[str, Any]] = []
    for component in components:
        if "custom_id" in component:
            found.append(component)
        found.extend(interactive(objects_in(component.get("components"))))
        for key in ("component", "accessory"):
            found.extend(interactive(objects_in([component.get(key)])))
    return found


def _numbered(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each component the id that Discord fills in where a bot gave none."""
    count = 0

    def number(component: dict[str, Any]) -> dict[str, Any]:
        nonlocal count
        count += 1
        shown: dict[str, Any] = {"id": count} | component
        if "components" in shown:
            shown["components"] = [number(inner) for inner in objects_in(shown["components"])]
        if "accessory" in shown:
            shown["accessory"] = number(as_object(shown["accessory"]))
        return shown

    return [number(component) for component in components]
