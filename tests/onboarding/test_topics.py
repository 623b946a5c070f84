"""A topic is known by its words, in the person's language; everyday words name none
(docs/spec.md#builtin-analyst).
"""

import pytest

from buildos_box.locales.language import language
from buildos_box.locales.tags import LANGUAGES
from buildos_box.onboarding.analyst import analyse
from buildos_box.onboarding.model import UserContext
from buildos_box.onboarding.themes import THEMES

EVERYDAY = {
    "en": "The later mission to the planet is called Mississippi. In order to start a bakery we"
    " plant trees, order parts and book a flight from the studio. Burn the latest calluses.",
    "de": "Später im Anfangskapitel steht ein Ordner im Studio am Terminal. Wir treffen die Wahl,"
    " buchen den Flug zum Planeten, drücken Knöpfe und kündigen fristlos. Die Buchhaltung passt.",
    "fr": "La livraison est livrée à temps partiel. Il me manque une planche ; la plante s’appelle"
    " Rosa. Nous commençons par la planète et rangs de vigne, avec le suivi client.",
    "es": "Por la tarde monto el ordenador ideal. Más tarde planto un árbol a largo plazo y busco"
    " otro planeta. Quiero empezar un negocio y abrir un estudio.",
    "pt": "À tarde monto o estúdio. Os demais clientes têm iniciativa a longo prazo. Quero começar"
    " uma padaria, acompanhar a planta e enviar a ordem de serviço. É perfeito; vou consultar.",
    "it": "Più tardi suono il piano nello studio al secondo piano. L’ordine del cliente è ideale,"
    " l’interruttore è sulla scrivania e il giudice imparziale. Voglio iniziare un’attività.",
    "nl": "Misschien laat hij de plant bij het drukwerk staan. Later leert de perfecte boekhouder"
    " de planeet kennen. Begin mei wil ik een zaak beginnen, met een lederen tas en een telefoon.",
    "pl": "Uczciwy uczestnik ma unikalną wizytówkę z planety. Organizm i uczucia opisuje"
    " streszczenie. Chcę zacząć działalność i skup złomu.",
    "ja": "日本の大学本部の本社で、本日と本年の学生食堂を作ります。科学館の電話番号です。",
}

SAID = {
    "en": [
        "I am busy and everything is too much",
        "I get distracted and lose focus",
        "I procrastinate and cannot get started",
        "I forget things and lose track of them",
        "I miss every deadline because I am late",
        "Too few calls on my calendar, all meetings",
        "My plans are chaos and I have no priorities",
        "I want to write, study and learn",
    ],
    "de": [
        "Ich bin überfordert, es ist zu viel",
        "Ich bin ständig abgelenkt",
        "Ich prokrastiniere, es fällt mir schwer anzufangen",
        "Ich vergesse alles",
        "Ich bin immer zu spät und halte keine Frist ein",
        "Mein Kalender ist voller Besprechungen",
        "Ich brauche Ordnung und einen Plan",
        "Ich möchte ein Buch schreiben",
    ],
    "fr": [
        "Je suis débordée",
        "Je suis souvent distrait",
        "J’ai du mal à commencer, je procrastine",
        "J’oublie tout",
        "Je n’arrive jamais à l’heure",
        "Que des réunions et des rendez-vous",
        "Je veux planifier et mettre de l’ordre",
        "Écrire un livre",
    ],
    "es": [
        "Estoy agobiada",
        "Me distraigo",
        "Me cuesta empezar, procrastino",
        "Se me olvida todo",
        "Siempre llego tarde",
        "Tengo muchas reuniones y citas",
        "Necesito un plan y organizarme",
        "Escribir un libro",
    ],
    "pt": [
        "Estou sobrecarregado",
        "Perco o foco e me distraio",
        "Procrastino, tenho dificuldade para começar",
        "Esqueço tudo",
        "Sempre chego tarde e perco o prazo",
        "Muitas reuniões na agenda",
        "Minha mesa é uma bagunça, quero planejar",
        "Quero escrever um livro",
    ],
    "it": [
        "Ho troppo da fare",
        "Mi distraggo e perdo la concentrazione",
        "Faccio fatica a iniziare, procrastino",
        "Dimentico tutto",
        "Arrivo sempre in ritardo",
        "Troppo poche ore tra riunioni e appuntamenti",
        "Voglio pianificare e mettere ordine",
        "Scrivere un libro",
    ],
    "nl": [
        "Ik heb te veel te doen",
        "Ik ben snel afgeleid",
        "Ik stel uit en heb moeite met beginnen",
        "Ik vergeet alles",
        "Ik ben altijd te laat",
        "Mijn agenda zit vol vergaderingen",
        "Ik wil een planning en prioriteiten",
        "Ik wil een boek schrijven",
    ],
    "pl": [
        "Mam za dużo na głowie",
        "Łatwo się rozpraszam",
        "Trudno zacząć, odkładam wszystko",
        "Zapominam o wszystkim",
        "Ciągle się spóźniam",
        "Same spotkania w kalendarzu",
        "Mam bałagan i brak planu",
        "Chcę pisać książkę",
    ],
    "ja": [
        "忙しくて手一杯です",
        "気が散って集中できません",
        "先延ばしにしてしまいます",
        "よく忘れます",
        "締め切りに遅れます",
        "会議と打ち合わせばかりです",
        "計画と優先順位を整理したい",
        "本を書いて勉強したい",
    ],
}


def topics(text: str, tag: str) -> list[int]:
    own = language(tag)
    found = analyse(UserContext(goals=[text]), own)
    titles = {own.say(theme.title): number for number, theme in enumerate(THEMES)}
    return [titles[one.title] for one in found.workflow_optimizations if one.title in titles]


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en-GB"])
def test_everyday_words_name_no_topic(tag: str) -> None:
    assert topics(EVERYDAY[tag.partition("-")[0]], tag) == []


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if tag != "en-GB"])
def test_what_people_say_names_its_topic(tag: str) -> None:
    said = SAID[tag.partition("-")[0]]
    assert [topics(text, tag)[:1] for text in said] == [[number] for number in range(len(THEMES))]


def test_english_words_count_only_if_no_own_ones_do() -> None:
    assert topics("I procrastinate", "de") == [2]
    assert topics("Ich vergesse alles, auch den Call vom Meeting-Focus-Team", "de")[:1] == [3]
    assert topics("Ich vergesse den Focus", "de") == [3]


def test_the_kind_of_apostrophe_does_not_matter() -> None:
    assert topics("Jamais à l'heure", "fr") == topics("Jamais à l’heure", "fr") == [4]


def test_a_short_word_counts_whole_and_a_long_one_by_how_it_begins() -> None:
    assert topics("I am late and procrastinating", "en-US") == [2, 4]
    assert topics("I am late, always late", "en-US") == [4]
    assert topics("It is lately and latest", "en-US") == []
