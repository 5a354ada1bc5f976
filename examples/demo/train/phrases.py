"""Ways to say what a picture shows: the words that the demo model learns.

The drawings' own captions have one form, "a photo of a hazelnut with a crack on it". People write others.
"""

from common import DEFECTS, SUBJECTS

MATERIALS = {"tile", "wood", "leather", "carpet", "grid", "brick", "concrete"}
ANYTHING = ["thing", "part", "object", "product", "surface", "material"]

PICTURES = ["a photo of {}"] * 6 + [
    "a close-up photo of {}", "a close-up of {}", "a picture of {}", "an image of {}", "a photograph of {}", "{}"]
FLAWLESS = ["good", "flawless", "perfect", "intact", "undamaged", "normal", "clean"]
FAULTY = ["damaged", "defective", "faulty", "bad"]
FAULTS = ["defect", "fault", "flaw", "anomaly"]

# What is done to the subject, in place of "with a crack on it".
PARTICIPLES = {"crack": ["cracked"], "scratch": ["scratched"], "stain": ["stained"], "dent": ["dented"],
               "missing chunk": ["broken", "chipped"]}
# Adjectives that may precede any defect, and say nothing about which it is.
ADJECTIVES = ["small", "large", "big", "little", "tiny", "huge", "long", "short", "thin", "thick", "wide", "narrow",
              "deep", "shallow", "dark", "bright", "light", "sharp", "rough", "visible", "fine", "heavy", "ugly",
              "round", "irregular", "black", "white", "brown", "gray", "red", "blue", "green", "yellow"]


def article(name):
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"


def say(random, subject, defect="", colour=""):
    """A description of a picture. Without a subject it fits any, with the defect "defect" any that has one."""
    adjectives, clause = [colour] if colour else [], ""
    if not defect:
        adjectives += [random.choice(FLAWLESS)] if not subject or random.random() < 0.3 else []
    elif defect == "defect":
        if random.random() < 0.5:
            adjectives.insert(0, random.choice(FAULTY))
        else:
            clause = with_defect(random, random.choice(FAULTS))
    elif defect in PARTICIPLES and random.random() < 0.15:
        adjectives.insert(0, random.choice(PARTICIPLES[defect]))
    else:
        clause = with_defect(random, defect)
    return random.choice(PICTURES).format(named(random, subject, adjectives) + clause)


def named(random, subject, adjectives):
    name = " ".join([*adjectives, subject or random.choice(ANYTHING)])
    if subject in MATERIALS and random.random() < 0.2:
        return random.choice([name, f"{article(name)} surface"])
    return article(name)


def with_defect(random, defect):
    adjectives = random.sample(ADJECTIVES, random.choice([0, 0, 0, 1, 1, 2]))
    place = random.choice([" on it"] * 3 + [" in it", ""])
    return f" with {article(' '.join([*adjectives, defect]))}{place}"


def words():
    """Every word of these phrases."""
    texts = [*SUBJECTS, *ANYTHING, *PICTURES, *FLAWLESS, *FAULTY, *FAULTS, *DEFECTS, *ADJECTIVES,
             "a an surface with on in it", *(word for forms in PARTICIPLES.values() for word in forms)]
    return {word for text in texts for word in text.replace("-", " ").split() if word.isalpha()}
