from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.make import an_outcome

from escalation_worker.discord_channel.showing import endings, marks, rendering, texts
from shared.attachment import Attachment
from shared.escalation import Escalation, Outcome, Person, Provenance, State, new_id
from shared.manner import Manner
from shared.question import OPTION_LIMIT, OPTIONS_LIMIT, QUESTION_LIMIT, Question, Urgency
from shared.routes.route import AnswerMode, DecisionReason
from shared.texts import is_blank, legible, one_line

NOW = datetime(2026, 1, 1, tzinfo=UTC)

any_character = st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00")
mark_up = [
    "\\",
    "*",
    "_",
    "[",
    "](",
    ")",
    "<",
    ">",
    "# ",
    "-",
    "`",
    "~",
    "|",
    "@here",
    "1.",
    "https://",
]
pieces = st.sampled_from([*mark_up, "a", " ", "\n", "é", "👟", "<t:1>", "\u200b"]) | any_character


def long_texts(limit: int) -> st.SearchStrategy[str]:
    """Make texts that are long because runs of the same few characters are."""
    lengths = st.integers(1, 5) | st.integers(1, limit)

    def joined(runs: list[tuple[str, int]]) -> str:
        return "".join(piece * times for piece, times in runs)[:limit]

    return st.lists(st.tuples(pieces, lengths), min_size=1, max_size=12).map(joined)


any_texts = st.text(any_character, min_size=1, max_size=QUESTION_LIMIT) | long_texts(QUESTION_LIMIT)
filled = any_texts.filter(lambda text: not is_blank(text))
options = st.lists(
    long_texts(OPTION_LIMIT).filter(lambda text: not is_blank(text)),
    max_size=OPTIONS_LIMIT,
    unique_by=str.strip,
)


def unmarked(text: str) -> str:
    """Read a rendered text as Discord shows it, without white space."""
    return squeezed(re.sub(r"\\([^0-9A-Za-z\s])", r"\1", text))


def squeezed(text: str) -> str:
    """Leave out all white space, of no width too."""
    return "".join(text.replace("\u200b", "").split())


def has_live(signs: str, rendered: str) -> bool:
    """Tell whether one of these signs stands in the text without an escape of its own."""
    return re.search(rf"(?<!\\)(?:\\\\)*(?:{signs})", rendered) is not None


def values(embed: discord.Embed) -> dict[str, str]:
    """List an embed's fields."""
    return {field.name or "": field.value or "" for field in embed.fields}


def all_said(escalation: Escalation) -> tuple[str, str, str]:
    """Put question, context and options together again from the embed and its overflow."""
    more: dict[str, list[str]] = defaultdict(list)
    for message in rendering.overflow(escalation):
        heading, _, piece = message.partition("\n")
        more[heading.strip("*").rpartition(" ")[0]].append(piece.removeprefix("… "))
    embed = rendering.embed(escalation)
    fields = values(embed)
    wholes: list[str] = []
    for beginning, heading in (
        (embed.description or "", "The question goes on"),
        (fields.get("Context", ""), "Context, continued"),
        (fields.get("To choose from", ""), "To choose from, continued"),
    ):
        rest = more.pop(heading, [])
        wholes.append("".join([beginning.removesuffix(" …") if rest else beginning, *rest]))
    assert not more
    question, context, choices = wholes
    return question, context, choices


def assert_within_discords_limits(embed: discord.Embed) -> None:
    assert len(embed) <= 6000
    assert 1 <= len(embed.title or "") <= 256
    assert 1 <= len((embed.description or "").strip()) <= len(embed.description or "") <= 4096
    assert len(embed.fields) <= 25
    for field in embed.fields:
        assert 1 <= len(field.name or "") <= 256
        assert 1 <= len((field.value or "").strip()) <= len(field.value or "") <= 1024


def a_file(name: str) -> Attachment:
    """Make a file of an answer."""
    return Attachment(name=name, url="https://cdn/a", media_type="image/png", size=1)


def an_ended(state: State, **update: object) -> Escalation:
    """Make a question that ended 42 seconds after it was asked."""
    ended = an_escalation(state)
    outcome = an_outcome(ended, state, at=NOW + timedelta(seconds=42))
    return ended.model_copy(update={"outcome": outcome.model_copy(update=update)})


def an_escalation(state: State = State.POSTED, **question: object) -> Escalation:
    """Make a question as it stands."""
    return Escalation(
        id=new_id(),
        agent="shop",
        question=Question.model_validate({"text": "May I?", **question}),
        state=state,
        created_at=NOW,
        deadline=NOW + timedelta(minutes=10),
        kept_until=NOW + timedelta(days=1),
    )


@given(text=filled, context=st.none() | any_texts, choices=options, state=st.sampled_from(State))
def test_an_embed_never_exceeds_discords_limits_and_loses_no_character(
    text: str, context: str | None, choices: list[str], state: State
) -> None:
    escalation = an_escalation(state, text=text, context=context, options=choices)
    assert_within_discords_limits(rendering.embed(escalation))
    asked, said, offered = all_said(escalation)
    assert unmarked(asked) == squeezed(legible(text))
    assert unmarked(said) == ("" if is_blank(context or "") else squeezed(legible(context or "")))
    assert unmarked(offered) == squeezed("".join(f"•{one_line(choice)}" for choice in choices))
    messages = list(rendering.overflow(escalation))
    assert len(messages) <= rendering.OVERFLOW_LIMIT
    assert all(len(message) <= 2000 for message in messages)
    assert len(set(messages)) == len(messages)


@given(
    state=st.sampled_from(State),
    text=filled,
    context=any_texts,
    agent=long_texts(900),
    name=long_texts(900),
    reason=st.none() | any_texts,
    late=st.booleans(),
    threaded=st.booleans(),
    mode=st.sampled_from(AnswerMode),
    files=st.lists(long_texts(120), max_size=10),
    gone=st.none() | st.just(NOW),
)
def test_an_embed_has_room_for_any_ending(
    state: State,
    text: str,
    context: str,
    agent: str,
    name: str,
    reason: str | None,
    late: bool,
    threaded: bool,
    mode: AnswerMode,
    files: list[str],
    gone: datetime | None,
) -> None:
    question = an_escalation(state, text=text, context=context, options=["*" * OPTION_LIMIT])
    by = Person(id="1", name=name)
    outcome = None
    if not state.is_open:
        ending = an_outcome(question, state, at=NOW + timedelta(days=9999))
        sent = tuple(a_file(name) for name in files)
        outcome = ending.model_copy(update={"reason": reason, "by": by, "attachments": sent})
    escalation = question.model_copy(
        update={
            "agent": agent,
            "outcome": outcome,
            "late_answer": outcome if late else None,
            "caller_gone_at": gone,
        }
    )
    manner = Manner(mode)
    assert_within_discords_limits(rendering.embed(escalation, threaded=threaded, manner=manner))
    assert len(endings.outcome_line(escalation)) <= 1024


@pytest.mark.parametrize("state", State)
def test_the_longest_embed_of_all_fits(state: State) -> None:
    question = an_escalation(
        state,
        text="*" * QUESTION_LIMIT,
        context="*" * QUESTION_LIMIT,
        options=[f"{n:02}" + "*" * (OPTION_LIMIT - 2) for n in range(OPTIONS_LIMIT)],
        urgency=Urgency.HIGH,
    )
    by = Person(id="1", name="*" * 900)
    outcome: Outcome | None = None
    if not state.is_open:
        ending = an_outcome(question, state, at=NOW + timedelta(days=9999))
        longest = "*" * QUESTION_LIMIT
        outcome = ending.model_copy(
            update={"reason": longest, "text": longest, "by": by, "corrected_at": NOW}
        )
    for late in (None, outcome):
        escalation = question.model_copy(
            update={
                "agent": "*" * 900,
                "outcome": outcome,
                "late_answer": late,
                "caller_gone_at": NOW,
            }
        )
        for mode in AnswerMode:
            assert_within_discords_limits(rendering.embed(escalation, manner=Manner(mode)))


@pytest.mark.parametrize(
    "character", ["\\", "*", "<#", "\n#", "a", "**a ", "x" * 99 + " ", "*" * 476 + " "]
)
def test_the_longest_question_of_one_kind_of_character_is_told_in_ten_messages(
    character: str,
) -> None:
    longest = (character * QUESTION_LIMIT)[:QUESTION_LIMIT].strip()
    choices = [f"{n:02}{longest}"[:OPTION_LIMIT].strip() for n in range(OPTIONS_LIMIT)]
    escalation = an_escalation(text=longest, context=longest, options=choices)
    assert len(list(rendering.overflow(escalation))) <= rendering.OVERFLOW_LIMIT == 9
    asked, said, offered = all_said(escalation)
    assert unmarked(asked) == unmarked(said) == squeezed(longest)
    assert unmarked(offered) == squeezed("".join(f"•{choice}" for choice in choices))


def test_a_question_that_fits_has_no_overflow() -> None:
    assert list(rendering.overflow(an_escalation(context="Hm.", options=["Yes", "No"]))) == []


def test_no_piece_of_the_overflow_begins_a_line_with_what_would_be_a_heading() -> None:
    context = "a" * 900 + " - b" + "c" * 1897 + "# d"
    escalation = an_escalation(text="a" * 3000 + " # b", context=context)
    shown = [message.split("\n") for message in rendering.overflow(escalation)]
    assert [piece[:5] for _, piece in shown] == ["… # b", "… - b", "… # d"]


@pytest.mark.parametrize("count", range(1, 12))
def test_a_cut_through_backslashes_steps_back_by_one_at_most_and_parts_no_pair(count: int) -> None:
    text = "a" * (20 - count) + "\\" * count + "*" * 20
    piece, rest = texts.split_at(text, 20)
    assert len(piece) == (19 if count % 2 else 20)
    assert piece + rest == text


@given(text=st.text(min_size=0, max_size=300), room=st.integers(min_value=2, max_value=50))
def test_a_cut_text_keeps_all_but_white_space(text: str, room: int) -> None:
    pieces: list[str] = []
    rest = text
    while rest:
        piece, shorter = texts.split_at(rest, room)
        assert len(piece) <= room
        assert len(shorter) < len(rest)
        pieces.append(piece)
        rest = shorter
    assert "".join("".join(pieces).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "text", ["@everyone", "@here", "<@123456789012345678>", "<@&123456789012345678>"]
)
def test_mentions_in_a_customers_words_lose_their_power(text: str) -> None:
    assert text not in (rendering.embed(an_escalation(text=text)).description or "")


def test_mark_up_in_a_customers_words_is_shown_not_obeyed() -> None:
    embed = rendering.embed(an_escalation(text="**bold** `code` ||spoiler||"))
    assert embed.description == r"\*\*bold\*\* \`code\` \|\|spoiler\|\|"


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example/)[click me](https://evil.example)",
        "[click me](https://evil.example)",
        "[https://x.example](https://evil.example)",
        "\\[click me](https://evil.example)",
        "https://x.example/\\[click me](https://evil.example)",
        "[[click] me](<https://evil.example>)",
    ],
)
def test_no_address_hides_behind_other_words(text: str) -> None:
    rendered = texts.plain(text)
    assert not has_live(r"\[|\]", rendered)
    assert unmarked(rendered) == squeezed(legible(text))


@given(text=any_texts)
def test_what_is_rendered_reads_as_it_was_written_and_opens_no_mark_up(text: str) -> None:
    rendered = texts.plain(text)
    assert unmarked(rendered) == squeezed(legible(text))
    assert len(rendered) <= 2 * len(text)
    assert not has_live(r"[\[\]*`|]", rendered)
    assert not re.search(r"(?m)^[^\S\n]*([#>-]|\d+\.)", rendered)
    assert not re.search(r"<(@|#|:|/|a:|t:|id:)", rendered)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("# big", r"\# big"),
        ("fine\n## big", "fine\n\\## big"),
        ("fine\r### big", "fine\n\\### big"),
        ("fine\u2028# big", "fine\n\\# big"),
        ("fine\n\u2066# big", "fine\n\\# big"),
        ("> quoted", r"\> quoted"),
        (">>> quoted", r"\>>> quoted"),
        ("- listed", r"\- listed"),
        ("  - listed", r"  \- listed"),
        ("* listed", r"\* listed"),
        ("1. listed", r"1\. listed"),
        ("-# small", r"\-# small"),
        ("```py\nx\n```", "\\`\\`\\`py\nx\n\\`\\`\\`"),
        ("<t:1700000000:R>", "<\u200bt:1700000000:R>"),
        ("https://x.example/a<t:1:R>", "https://x.example/a<\u200bt:1:R>"),
        ("<:emoji:1>", "<\u200b:emoji:1>"),
        ("<a:emoji:1>", "<\u200ba:emoji:1>"),
        ("<#123456789012345678>", "<\u200b#123456789012345678>"),
        ("<id:customize>", "<\u200bid:customize>"),
        ("</answer:1>", "<\u200b/answer:1>"),
        ("<tel:+123>", "<\u200btel:+123>"),
        ("5 < 6, a <- b, order #7 - 2.5 %", "5 < 6, a <- b, order #7 - 2.5 %"),
    ],
)
def test_what_discord_would_not_show_as_written_is_disarmed(text: str, rendered: str) -> None:
    assert texts.plain(text) == rendered


@pytest.mark.parametrize(
    "text",
    [
        "https://x.example/my_own_page?a_b=1#c",
        "see https://en.example/wiki/A_(b_c).",
        "<https://x.example/a_b>",
    ],
)
def test_plain_addresses_can_still_be_clicked(text: str) -> None:
    assert texts.plain(text) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  May\tI\n give\x07 10 % off? ", "May I give 10 % off?"),
        ("\u202eright\u200b to left", "right to left"),
        ("\u3164" * 99 + "May I?", "May I?"),
        ("x" * 100, "x" * 100),
        ("x" * 101, "x" * 99 + "…"),
    ],
)
def test_a_thread_is_named_after_the_question(text: str, name: str) -> None:
    assert rendering.thread_name(an_escalation(text=text)) == name


@pytest.mark.parametrize("text", ["\u200b", "\u2060\ufeff", "\u3164", "\u0301" * 100 + "May I?"])
def test_a_thread_whose_name_would_show_nothing_is_named_after_the_id(text: str) -> None:
    escalation = an_escalation()
    unseen = escalation.question.model_copy(update={"text": text})
    name = rendering.thread_name(escalation.model_copy(update={"question": unseen}))
    assert name == f"Question {escalation.id[-6:]}"


@given(text=filled)
def test_a_threads_name_always_fits_and_shows_something(text: str) -> None:
    name = rendering.thread_name(an_escalation(text=text))
    assert 1 <= len(name) <= 100
    assert not is_blank(name)


@pytest.mark.parametrize("context", ["", " \n ", "\u200b"])
def test_a_context_in_which_there_is_nothing_to_see_gets_no_field(context: str) -> None:
    assert "Context" not in values(rendering.embed(an_escalation(context=context)))


@pytest.mark.parametrize("agent", ["", " ", "\u200b"])
def test_an_agent_without_a_name_is_still_somebody(agent: str) -> None:
    escalation = an_escalation().model_copy(update={"agent": agent})
    assert values(rendering.embed(escalation))["Asked by"] == "an agent"


@pytest.mark.parametrize(("threaded", "hint"), [(True, "thread below"), (False, "Reply to this")])
def test_the_hint_names_the_place_where_an_answer_is_heard(threaded: bool, hint: str) -> None:
    hints = values(rendering.embed(an_escalation(), threaded=threaded))["How to answer"]
    assert hint in hints
    assert ("thread" in hints) == threaded


@pytest.mark.parametrize("threaded", [True, False])
def test_where_a_route_waits_for_send_the_hint_says_that_messages_are_not_passed_on(
    threaded: bool,
) -> None:
    waits = Manner(AnswerMode.SEND_BUTTON)
    hints = values(rendering.embed(an_escalation(), threaded=threaded, manner=waits))
    hint = hints["How to answer"]
    assert "Nothing is passed on until you press “Send”" in hint
    assert "first" not in hint
    assert "“?”" in hint
    chosen = an_escalation(options=["yes", "no"], options_only=True)
    assert "Send" not in values(rendering.embed(chosen, manner=waits))["How to answer"]


def test_what_surrounds_an_approval_is_called_its_details() -> None:
    shown = values(rendering.embed(an_escalation(approvals_needed=2, context="Damaged on arrival")))
    assert shown["Details"] == "Damaged on arrival"
    assert "Context" not in shown


@pytest.mark.parametrize("reason", DecisionReason)
def test_an_approval_says_where_a_reason_is_asked_for(reason: DecisionReason) -> None:
    approval = an_escalation(approvals_needed=1)
    embed = rendering.embed(approval, manner=Manner(decision_reason=reason))
    assert ("ask why" in values(embed)["How to answer"]) == (reason is DecisionReason.REQUIRED)


def test_a_long_reason_is_cut_and_stays_on_one_line() -> None:
    line = endings.outcome_line(an_ended(State.DECLINED, reason="No.\n# Never! " + "x" * 999))
    assert "No. # Never! xxx" in line
    assert line.endswith("x…")
    assert "\n" not in line


def test_a_blank_reason_is_left_out() -> None:
    blank = an_ended(State.CANCELLED, reason=" ", provenance=Provenance.AGENT)
    assert endings.outcome_line(blank).endswith("by the agent")


def test_a_cancellation_says_whose_word_it_was_and_why() -> None:
    why = {"reason": "no longer wanted"}
    agents = an_ended(State.CANCELLED, provenance=Provenance.AGENT, **why)
    routes = an_ended(State.CANCELLED, provenance=Provenance.SYSTEM, **why)
    assert endings.outcome_line(agents) == "✖️ Cancelled by the agent: no longer wanted"
    assert endings.outcome_line(routes) == "✖️ Cancelled: no longer wanted"


def test_the_embed_says_that_the_customer_has_gone_until_they_are_back() -> None:
    gone = an_escalation().model_copy(update={"caller_gone_at": NOW, "departures": 1})
    shown = values(rendering.embed(gone))
    assert shown["Customer"] == "The customer has gone. The answer is still wanted."
    assert "Answer until" in shown, "people can answer all the same"
    back = gone.model_copy(update={"caller_gone_at": None})
    assert "Customer" not in values(rendering.embed(back))


def test_an_answer_for_a_customer_who_has_gone_is_shown_as_kept_until_they_know_it() -> None:
    gone = an_ended(State.ANSWERED).model_copy(update={"caller_gone_at": NOW, "departures": 1})
    assert "kept for when they are back" in values(rendering.embed(gone))["Outcome"]
    told = values(rendering.embed(gone.model_copy(update={"delivered_at": NOW})))["Outcome"]
    assert "kept" not in told
    assert "Delivered" in told
    cancelled = an_ended(State.CANCELLED).model_copy(update={"caller_gone_at": NOW})
    assert "kept" not in values(rendering.embed(cancelled))["Outcome"]


def test_no_two_outcomes_read_alike() -> None:
    finals = [state for state in State if not state.is_open]
    assert len({endings.outcome_line(an_ended(state)) for state in finals}) == len(finals)


def test_an_answer_says_who_and_after_how_long() -> None:
    line = endings.outcome_line(an_ended(State.ANSWERED, seconds=102))
    assert "Answered by Maya after 1 min 42 s" in line


def test_urgent_questions_look_urgent() -> None:
    calm, urgent = an_escalation(), an_escalation(urgency=Urgency.HIGH)
    assert rendering.embed(urgent).colour != rendering.embed(calm).colour
    assert "urgently" in (rendering.embed(urgent).title or "")


def test_a_nonce_fits_and_belongs_to_one_message_of_one_question() -> None:
    nonces: list[str] = []
    for escalation in (an_escalation(), an_escalation()):
        parts = range(rendering.OVERFLOW_LIMIT + 1)
        nonces += [marks.nonce(escalation, part) for part in parts]
        nonces.append(marks.outcome_nonce(escalation))
        late = an_outcome(escalation, at=NOW)
        nonces.append(marks.outcome_nonce(escalation.model_copy(update={"late_answer": late})))
        for number in (1, 2):
            left = escalation.model_copy(update={"departures": number})
            nonces += [marks.caller_nonce(left, gone=gone) for gone in (True, False)]
    assert len(set(nonces)) == len(nonces)
    assert all(len(nonce) <= 25 for nonce in nonces)


def test_a_nonce_is_the_same_each_time_and_keeps_all_that_is_random_in_the_id() -> None:
    escalation = an_escalation()
    again = Escalation.model_validate_json(escalation.model_dump_json())
    assert marks.nonce(again, 1) == marks.nonce(escalation, 1)
    assert marks.outcome_nonce(again) == marks.outcome_nonce(escalation)
    for nonce in (marks.nonce(escalation), marks.outcome_nonce(escalation)):
        assert nonce.endswith(escalation.id[10:])


def test_the_embed_says_when_the_customer_knows_and_the_line_in_the_thread_does_not() -> None:
    answered = an_ended(State.ANSWERED)
    delivered = answered.model_copy(update={"delivered_at": NOW})
    assert "Delivered" not in values(rendering.embed(answered))["Outcome"]
    assert "Delivered to the customer" in values(rendering.embed(delivered))["Outcome"]
    # The line is looked for before it is said, so a delivery must not make it another one.
    assert endings.outcome_line(answered) == endings.outcome_line(delivered)


def test_a_corrected_answer_is_quoted_as_it_reads_now_and_a_correction_beside_the_first() -> None:
    answered = an_ended(State.ANSWERED)
    given = an_outcome(answered, at=NOW, text="10 %", source="77")
    edited = given.model_copy(update={"text": "15 %", "corrected_at": NOW})
    lines = [
        endings.outcome_line(answered.model_copy(update=update))
        for update in ({"outcome": given}, {"outcome": edited})
    ]
    kept = answered.model_copy(update={"outcome": given, "late_answer": edited})
    assert not lines[0].endswith("10 %"), "it stands in the thread"
    assert lines[1].endswith("(corrected): 15 %")
    assert endings.outcome_line(kept).endswith(": 10 %. Corrected afterwards: 15 %")


def test_a_late_answer_is_not_delivered_with_the_time_out() -> None:
    ended = an_ended(State.TIMED_OUT).model_copy(update={"delivered_at": NOW})
    late = ended.model_copy(update={"late_answer": an_outcome(ended, at=NOW)})
    assert "Delivered" not in values(rendering.embed(late))["Outcome"]
    known = late.model_copy(update={"late_answer_delivered_at": NOW})
    assert "Delivered" in values(rendering.embed(known))["Outcome"]


def test_an_outcome_names_the_files_that_were_passed_on() -> None:
    files = (a_file("cut *here*.png"), a_file("b.pdf"))
    answered = an_ended(State.ANSWERED, attachments=files)
    assert "with cut \\*here\\*.png, b.pdf" in endings.outcome_line(answered)
    late = an_ended(State.TIMED_OUT)
    late = late.model_copy(update={"late_answer": answered.outcome})
    assert "late answer by Maya, with cut" in endings.outcome_line(late)


def test_an_outcome_names_as_many_files_as_there_is_room_for() -> None:
    files = tuple(a_file(f"{number}{'x' * 30}.png") for number in range(10))
    line = endings.outcome_line(an_ended(State.ANSWERED, attachments=files, source="12"))
    named = line.partition(", with ")[2]
    assert named.endswith(" and 8 more")
    assert len(named) <= endings.FILES_ROOM
