"""All hostile and careless submissions, in the order of the table."""

from tests.hostile import breaking, careless, credit, reaching

GROUPS = {
    "For credit that isn't due": credit.ATTACKS,
    "Against the grader": breaking.ATTACKS,
    "For what is hidden, and for other files": reaching.ATTACKS,
    "By carelessness": careless.ATTACKS,
}
ATTACKS = [attack for group in GROUPS.values() for attack in group]
