"""The cheapest of all prunings, where each leaf costs alpha more."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Exercise, check, claim, plot, right, wrong

EXERCISE = Exercise(
    level="core",
    hints=(
        "When does a split whose children are leaves pay? And one higher up?",
        "Prune both children first; what do they cost then, leaves included?",
        "A leaf in its place costs cost + alpha: take it if the pruned children cost no less.",
    ),
)

EIGHTHS = st.integers(0, 24).map(lambda k: k / 8)
TREES = st.recursive(EIGHTHS, lambda child: st.tuples(EIGHTHS, child, child), max_leaves=6)


def prunings(tree):
    """Yield all trees that pruning leads to."""
    if not isinstance(tree, tuple):
        yield tree
        return
    cost, left, right = tree
    yield cost
    for a in prunings(left):
        for b in prunings(right):
            yield (cost, a, b)


def leaves(tree):
    return leaves(tree[1]) + leaves(tree[2]) if isinstance(tree, tuple) else [tree]


@claim("S0-343", "S4-278")
def test_a_case_worked_by_hand(cost_complexity_prune):
    # The lower split gains 6 - 5 for a leaf more, the upper one 10 - 7 from there.
    tree = (10.0, (6.0, 2.0, 3.0), 1.0)
    check(cost_complexity_prune, tree, 0.5, want=tree)
    check(cost_complexity_prune, tree, 1.5, want=(10.0, 6.0, 1.0))
    check(cost_complexity_prune, tree, alpha=3.5, want=10.0)


@claim("S0-343", "S4-278")
def test_a_split_that_gains_nothing_stays_if_one_below_it_gains(cost_complexity_prune):
    # Exclusive or: the first split alone gains nothing, the second ones gain all.
    tree = (4.0, (2.0, 0.0, 0.0), (2.0, 0.0, 0.0))
    check(cost_complexity_prune, tree, 1.0, want=tree)
    check(cost_complexity_prune, tree, 1.25, want=tree)
    check(cost_complexity_prune, tree, 1.5, want=4.0)


@claim("S0-343")
def test_a_split_may_pay_once_one_below_it_is_pruned(cost_complexity_prune):
    # All three leaves cost 0.75 + 6, the root 6; the upper split alone costs 1 + 4.
    check(cost_complexity_prune, (4.0, (1.0, 0.5, 0.25), 0.0), 2.0, want=(4.0, 1.0, 0.0))


@claim("S0-343")
def test_of_equal_costs_the_tree_with_fewer_leaves(cost_complexity_prune):
    check(cost_complexity_prune, (3.0, 1.0, 1.0), 1.0, want=3.0)
    check(cost_complexity_prune, (2.0, 1.0, 1.0), 0.0, want=2.0)
    check(cost_complexity_prune, (5.0, (2.0, 1.0, 0.5), 1.0), 0.5, want=(5.0, 2.0, 1.0))


@claim("S4-278", "S0-343")
def test_without_a_price_what_gains_stays_and_at_a_high_one_the_root(cost_complexity_prune):
    tree = (8.0, (3.0, 1.0, (1.5, 0.5, 0.25)), (4.0, 2.0, 1.0))
    check(cost_complexity_prune, tree, 0.0, want=tree)
    check(cost_complexity_prune, tree, 100.0, want=8.0)


@claim("S0-343")
@pytest.mark.parametrize("unit", [2.0**-40, 2.0**40])
def test_in_other_units_the_same_splits_stay(cost_complexity_prune, unit):
    def scaled(tree):
        return tuple(map(scaled, tree)) if isinstance(tree, tuple) else tree * unit

    tree = scaled((10.0, (6.0, 2.0, 3.0), 1.0))
    check(cost_complexity_prune, tree, 0.5 * unit, want=tree)
    check(cost_complexity_prune, tree, 1.5 * unit, want=scaled((10.0, 6.0, 1.0)))
    check(cost_complexity_prune, tree, 3.5 * unit, want=10.0 * unit)


@claim("S4-278")
@pytest.mark.parametrize("alpha", [0.0, 1.0, 50.0])
def test_a_leaf_is_a_leaf(cost_complexity_prune, alpha):
    check(cost_complexity_prune, 2.5, alpha, want=2.5)


@claim("S0-343", "S4-278")
@given(TREES, st.sampled_from([0.0, 0.125, 0.5, 1.0, 2.0]))
def test_is_the_cheapest_of_all_prunings(cost_complexity_prune, tree, alpha):
    def price(pruned):
        return sum(leaves(pruned)) + alpha * len(leaves(pruned)), len(leaves(pruned))

    check(cost_complexity_prune, tree, alpha, want=min(prunings(tree), key=price))


@claim("S0-343")
@given(TREES, st.sampled_from([0.125, 0.5, 1.0]))
def test_a_higher_price_prunes_what_a_lower_one_has_left(cost_complexity_prune, tree, alpha):
    first = cost_complexity_prune(tree, alpha)
    at_once = cost_complexity_prune(tree, 2 * alpha)
    check(cost_complexity_prune, first, 2 * alpha, want=at_once)


def test_refuses_what_is_no_price(cost_complexity_prune):
    for alpha in (-0.5, math.nan, math.inf):
        call, naming = ((3.0, 1.0, 1.0), alpha), {"alpha": alpha}
        check(cost_complexity_prune, *call, raises=ValueError, naming=naming)


def prune(tree, alpha, worth):
    """Prune from the leaves up, by a rule of one's own: worth(cost, left, right) says what stays."""
    if not isinstance(tree, tuple):
        return tree
    cost, left, right = tree[0], prune(tree[1], alpha, worth), prune(tree[2], alpha, worth)
    return (cost, left, right) if worth(cost, left, right) else cost


def total(tree, alpha):
    return sum(leaves(tree)) + alpha * len(leaves(tree))


@wrong("keep a split that costs as much as the leaf it would be")
def keeps_ties(tree, alpha):
    return prune(tree, alpha, lambda c, a, b: c + alpha >= total(a, alpha) + total(b, alpha))


@wrong("look at each split alone, from the root down: a gain below it isn't seen")
def from_the_root(tree, alpha):
    def own(t):
        return t[0] if isinstance(t, tuple) else t

    if not isinstance(tree, tuple):
        return tree
    cost, left, right = tree
    if cost + alpha <= own(left) + own(right) + 2 * alpha:
        return cost
    return (cost, from_the_root(left, alpha), from_the_root(right, alpha))


@wrong("judge a split by all that was below it, before that was pruned")
def before_pruning(tree, alpha):
    if not isinstance(tree, tuple):
        return tree
    cost, left, right = tree
    if cost + alpha <= total(left, alpha) + total(right, alpha):
        return cost
    return (cost, before_pruning(left, alpha), before_pruning(right, alpha))


@wrong("forget that the leaf in the place of a split has its price as well")
def leaf_is_free(tree, alpha):
    return prune(tree, alpha, lambda c, a, b: c > total(a, alpha) + total(b, alpha))


@wrong("ask the price once, however many leaves a split leads to")
def once(tree, alpha):
    def worth(cost, left, right):
        return cost > sum(leaves(left)) + sum(leaves(right)) + alpha

    return prune(tree, alpha, worth)


@wrong("count the leaves of the left side alone")
def left_leaves(tree, alpha):
    def worth(cost, left, right):
        return cost + alpha > total(left, alpha) + sum(leaves(right)) + alpha

    return prune(tree, alpha, worth)


@wrong("ignore the price")
def ignores_alpha(tree, alpha):
    return prune(tree, alpha, lambda c, a, b: c > total(a, 0.0) + total(b, 0.0))


@wrong("prune the lowest splits only: those above them are never looked at")
def lowest_only(tree, alpha):
    if not isinstance(tree, tuple):
        return tree
    cost, left, right = tree
    if not isinstance(left, tuple) and not isinstance(right, tuple):
        return tree if cost > left + right + alpha else cost
    return (cost, lowest_only(left, alpha), lowest_only(right, alpha))


@wrong("compare with the mean of the children, and not with their sum")
def mean_of_children(tree, alpha):
    def worth(cost, left, right):
        return cost + alpha > (total(left, alpha) + total(right, alpha)) / 2

    return prune(tree, alpha, worth)


@wrong("prune what gains less than a tolerance: where all costs are small, that is everything")
def with_a_tolerance(tree, alpha):
    return prune(tree, alpha, lambda c, a, b: c + alpha > total(a, alpha) + total(b, alpha) + 1e-9)


@wrong("return what the tree costs, in place of the tree")
def the_cost(tree, alpha):
    pruned = prune(tree, alpha, lambda c, a, b: c + alpha > total(a, alpha) + total(b, alpha))
    return total(pruned, alpha)


@right("by taking the weakest link away, as long as it isn't worth its leaves")
def weakest_link(tree, alpha):
    if math.isnan(alpha) or alpha < 0 or alpha == math.inf:
        raise ValueError(f"alpha: {alpha}")

    def worst(t):
        """Find the path to the split with the smallest gain a leaf."""
        if not isinstance(t, tuple):
            return None
        more = len(leaves(t)) - 1
        found = [((t[0] - sum(leaves(t))) / more, -more, ())]
        for side in (1, 2):
            if (below := worst(t[side])) is not None:
                found.append((below[0], below[1], (side, *below[2])))
        return min(found)

    def cut(t, path):
        if not path:
            return t[0]
        return tuple(cut(s, path[1:]) if i == path[0] else s for i, s in enumerate(t))

    while (link := worst(tree)) is not None and link[0] <= alpha:
        tree = cut(tree, link[2])
    return tree


@plot(x="alpha", y="leaves")
def plot_leaves_by_price(cost_complexity_prune):
    tree = (20.0, (9.0, 3.0, (4.0, 1.0, 0.5)), (7.0, (5.0, 1.0, 1.5), 1.0))
    prices = [k / 20 for k in range(150)]
    return {
        "a tree of six": (prices, [len(leaves(cost_complexity_prune(tree, a))) for a in prices])
    }
