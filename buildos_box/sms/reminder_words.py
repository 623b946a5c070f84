"""Words that a model's reminder may have beside the facts, in the languages that GSM-7 can write.

They claim nothing. Of a language that is not here every reminder is the template's.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What may be said in one language; all but the phrases are regular expressions."""

    claim_nothing: str = ""
    """Words and whole phrases, separated by `|`."""
    today: str = ""
    at: str = "@"
    """What may stand before a time."""
    place: str = "@"
    """What may stand before a location."""
    minutes: str = r"(?!){}"
    """How far ahead it is; `{}` is the number."""


NO_WORDS = Words()

WORDS = {
    "en": Words(
        "hi|hello|hey|hi there|hello there|hey there|heads up|heads-up|reminder|a reminder"
        "|just a reminder|quick reminder|a quick reminder|just a quick reminder|friendly reminder"
        "|a friendly reminder|just a friendly reminder|gentle reminder|a gentle reminder"
        "|reminder that|reminder for|reminder of|don't forget|do not forget|remember|you have"
        "|you've got|your|upcoming|coming up|up next|next up|is coming up|starts|is starting"
        "|will start|begins|is beginning|will begin|kicks off|takes place|is|it starts|it begins"
        "|it is|it's|that is|that's|and|coming right up",
        "today",
        "at|from",
        "in|at",
        r"(?:in|in about|starting in) {} ?(?:min\.?|mins|minutes?)",
    ),
    "de": Words(
        "hallo|hi|erinnerung|kurze erinnerung|zur erinnerung|nicht vergessen|denk an|dein|deine"
        "|beginnt|startet|ist|das ist|es beginnt|und|steht an",
        "heute",
        "um|ab",
        "im|in|bei",
        r"in {} ?(?:min\.?|minuten)",
    ),
    "fr": Words(
        "bonjour|salut|rappel|petit rappel|n'oublie pas|n'oubliez pas|ton|ta|votre|commence|est"
        "|a lieu|c'est|et",
        "aujourd'hui",
        "à",
        "à|au|en",
        r"dans {} ?(?:min\.?|minutes?)",
    ),
    "es": Words(
        "hola|recordatorio|no olvides|tu|empieza|comienza|es|y",
        "hoy",
        "a las|a la",
        "en",
        r"en {} ?(?:min\.?|minutos?)",
    ),
    "it": Words(
        "ciao|promemoria|non dimenticare|il tuo|la tua|inizia|comincia|e|è",
        "oggi",
        "alle ore|alle|ore",
        "in|a",
        r"(?:tra|fra) {} ?(?:min\.?|minuti|minuto)",
    ),
    "pt": Words(
        "oi|lembrete|começa|e|é",
        "hoje",
        "às|a",
        "em|a",
        r"em {} ?(?:min\.?|minutos?)",
    ),
    "nl": Words(
        "hoi|herinnering|vergeet niet|je|begint|is|en",
        "vandaag",
        "om",
        "in",
        r"over {} ?(?:min\.?|minuten)",
    ),
}
