"""Kernels of `maps.shared`: the states that groups of units are in on the cells of a level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from geomtoy.regions.maps.bits import lowest_bit, without_lowest
from geomtoy.regions.maps.cuts import Cuts
from geomtoy.regions.maps.groups import Groups
from geomtoy.regions.maps.levels import Level
from geomtoy.regions.maps.sums import piece_of


class Sight(NamedTuple):
    """What the states of groups depend on."""

    level: Level
    before: np.ndarray  # (P, groups before) uint16: states of the parents
    earlier: Groups  # of the layer before
    groups: Groups
    cuts: Cuts  # of the layer before


@njit(cache=True, nogil=True)
def find_states(sight, of, most):
    """Number the states of each group in the order of their first cells, and fill in which a cell has.

    A cell has those of an earlier one, but for groups that see what differs between the two.

    Args:
        of: (F, G), filled in here.
    Returns:
        group, cell: of each state; more than `most` of them if states are too many.
    """
    F, G = of.shape
    tree = sight.level.tree
    states = [(0, 0, 0) for _ in range(0)]  # group, cell, and number in the group
    count = np.zeros(G, np.int64)
    slots = np.full(1024, -1)
    todo, waits = np.arange(G), np.zeros(G, np.bool_)
    n = G
    for f in range(F):
        if f > 0:
            like = tree[f] if tree[f] < f else f - 1
            for g in range(G):
                of[f, g] = of[like, g]
            n = _differing(f, like, sight, todo, waits)
        for i in range(n):
            g = todo[i]
            waits[g] = False
            if 2 * len(states) >= slots.shape[0]:
                slots = _more_slots(slots, states, sight)
            slot = _slot(f, g, slots, states, sight)
            if slots[slot] < 0:
                slots[slot] = len(states)
                states.append((g, f, count[g]))
                count[g] += 1
                if len(states) > most or count[g] > 65535:
                    return np.zeros(most + 1, np.int64), np.zeros(most + 1, np.int64)
            of[f, g] = states[slots[slot]][2]
    group, cell = np.empty(len(states), np.int64), np.empty(len(states), np.int64)
    for i in range(len(states)):
        group[i], cell[i], _ = states[i]
    return group, cell


@njit(cache=True, nogil=True)
def _differing(f, like, sight, todo, waits):
    """Note the groups that see something else on cell f than on another; how many they are."""
    level, before, earlier = sight.level, sight.before, sight.earlier
    n = np.int64(0)
    for word in range(level.bits.shape[1]):
        change = level.bits[f, word] ^ level.bits[like, word]
        while change:
            n = _note(sight.cuts.unit[64 * word + lowest_bit(change)], sight.groups, todo, waits, n)
            change = without_lowest(change)
    p, q = level.parent[f], level.parent[like]
    if p != q:
        for g in range(before.shape[1]):
            if before[p, g] != before[q, g]:
                for k in range(earlier.own_start[g], earlier.own_start[g + 1]):
                    n = _note(earlier.own[k], sight.groups, todo, waits, n)
    return n


@njit(cache=True, nogil=True)
def _note(unit, groups, todo, waits, n):
    for k in range(groups.seer_start[unit], groups.seer_start[unit + 1]):
        g = groups.seer[k]
        if not waits[g]:
            waits[g] = True
            todo[n] = g
            n += 1
    return n


@njit(cache=True, nogil=True)
def _slot(f, g, slots, states, sight):
    """Where the state of group g on cell f is in a table by hash values, or is to be put."""
    start, seen = sight.groups.start, sight.groups.seen
    value = np.uint64(g)
    for k in range(start[g], start[g + 1]):
        value = (value ^ _passed_on(f, seen[k], sight)) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(32)
    mask = np.uint64(slots.shape[0] - 1)
    slot = value & mask
    while slots[slot] >= 0:
        group, cell, _ = states[slots[slot]]
        if group == g:
            k = start[g]
            while k < start[g + 1] and _passed_on(f, seen[k], sight) == _passed_on(cell, seen[k], sight):
                k += 1
            if k == start[g + 1]:
                break
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True, nogil=True)
def _passed_on(f, j, sight):
    """A number for what unit j passes on to cell f: 0 if nothing, else its state and its piece."""
    cuts, earlier = sight.cuts, sight.earlier
    piece = piece_of(sight.level.bits, f, cuts.first[j], cuts.first[j + 1])
    if cuts.zero[cuts.first[j] + j + piece]:
        return np.uint64(0)
    state = np.int64(sight.before[sight.level.parent[f], earlier.of_unit[j]])
    return np.uint64((state << 32) + piece + 1)


@njit(cache=True, nogil=True)
def _more_slots(slots, states, sight):
    """A table by hash values four times as large."""
    larger = np.full(4 * slots.shape[0], -1)
    for i in range(len(states)):
        g, f, _ = states[i]
        larger[_slot(f, g, larger, states, sight)] = i
    return larger


@njit(cache=True, nogil=True)
def unfold(of, units, rows, error):
    """Maps of all units on cells, from the states of their groups there."""
    for f in range(of.shape[0]):
        for i in range(units.group.shape[0]):
            column = units.first[i] + of[f, units.group[i]] * units.step[i]
            for k in range(3):
                rows[f, k, i] = units.rows[column, k]
            error[f, i] = units.rows[column, 3]
