//! Breadth first through all states, and back from those in which everything is at rest.
//!
//! Part of `protocol::explorer`. A state is kept as its fingerprint of 128 bits and the way to it.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hash, Hasher},
};

use super::{Invariant, State, World, events::Following};

/// What an exploration has found.
#[derive(Debug)]
pub(super) enum Found {
    /// Every invariant holds in so many states, and from each of them an end is reached.
    Holds { states: usize },
    /// An invariant does not hold; the shortest way there.
    Broken { invariant: Invariant, way: String },
}

/// Two products of all that is hashed.
#[derive(Clone, Copy, Debug, Default)]
struct Fingerprint(u64, u64);

/// Takes what is spread evenly already.
#[derive(Clone, Copy, Debug, Default)]
struct Spread(u64);

type Known = HashMap<u128, u32, BuildHasherDefault<Spread>>;

impl Fingerprint {
    fn of(state: &State) -> u128 {
        let mut hasher = Self(0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f);
        state.hash(&mut hasher);
        let Self(one, two) = hasher;
        let one = (one ^ one >> 32).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let two = (two ^ two >> 29).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        u128::from(one ^ one >> 33) << 64 | u128::from(two ^ two >> 32)
    }

    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        self.1 = (self.1.rotate_left(23) ^ word).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
}

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }

    fn write_u16(&mut self, word: u16) {
        self.mix(u64::from(word));
    }

    fn write_isize(&mut self, word: isize) {
        self.mix(u64::from_ne_bytes((word as i64).to_ne_bytes()));
    }

    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }
}

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are kept");
    }

    fn write_u128(&mut self, fingerprint: u128) {
        self.0 = u64::try_from(fingerprint & u128::from(u64::MAX)).unwrap();
    }
}

/// All states that were found, by their numbers.
#[derive(Debug, Default)]
struct Ways {
    /// The state before, and which of what follows that one this is.
    parents: Vec<(u32, u16)>,
    /// From which state to which.
    edges: Vec<(u32, u32)>,
    at_rest: Vec<u32>,
}

/// Explores everything that can happen in a world.
pub(super) fn explore(world: &World) -> Found {
    let mut known = Known::default();
    let mut ways = Ways::default();
    let first = State::new(world);
    known.insert(Fingerprint::of(&first), 0);
    ways.parents.push((0, 0));
    let mut level = vec![(0, first)];
    while !level.is_empty() {
        let mut next_level = Vec::new();
        for (number, state) in level {
            if state.is_at_rest(world) {
                ways.at_rest.push(number);
            }
            let following = Following::new(world, &state).gather();
            for (place, (_, next)) in following.into_iter().enumerate() {
                let count = u32::try_from(ways.parents.len()).unwrap();
                let found = *known.entry(Fingerprint::of(&next)).or_insert(count);
                ways.edges.push((number, found));
                if found < count {
                    continue;
                }
                ways.parents.push((number, u16::try_from(place).unwrap()));
                if let Some(invariant) = next.broken(world) {
                    let way = ways.tell(world, found);
                    return Found::Broken { invariant, way };
                }
                next_level.push((found, next));
            }
        }
        level = next_level;
    }
    match ways.stuck() {
        Some(number) => Found::Broken {
            invariant: Invariant::ComesToRest,
            way: ways.tell(world, number),
        },
        None => Found::Holds {
            states: known.len(),
        },
    }
}

impl Ways {
    /// The events that lead to a state.
    fn tell(&self, world: &World, number: u32) -> String {
        let mut places = Vec::new();
        let mut at = number;
        while at > 0 {
            let (parent, place) = self.parents[at as usize];
            places.push(place);
            at = parent;
        }
        let mut state = State::new(world);
        let mut way = String::new();
        for (count, place) in places.into_iter().rev().enumerate() {
            let mut following = Following::new(world, &state).gather();
            let (event, next) = following.swap_remove(usize::from(place));
            way.push_str(&format!("\n{:4}. {event:?}", count + 1));
            state = next;
        }
        way
    }

    /// The first state from which nothing comes to rest.
    fn stuck(&self) -> Option<u32> {
        let count = self.parents.len();
        // All edges, in the order of where they lead.
        let mut starts = vec![0_u32; count + 1];
        for (_, to) in &self.edges {
            starts[*to as usize + 1] += 1;
        }
        for place in 0..count {
            starts[place + 1] += starts[place];
        }
        let mut free = starts.clone();
        let mut sources = vec![0_u32; self.edges.len()];
        for (from, to) in &self.edges {
            sources[free[*to as usize] as usize] = *from;
            free[*to as usize] += 1;
        }
        let mut is_fine = vec![false; count];
        let mut open = self.at_rest.clone();
        while let Some(number) = open.pop() {
            if std::mem::replace(&mut is_fine[number as usize], true) {
                continue;
            }
            let of = starts[number as usize] as usize..starts[number as usize + 1] as usize;
            open.extend(&sources[of]);
        }
        let stuck = is_fine.iter().position(|is_fine| !is_fine);
        stuck.map(|number| u32::try_from(number).unwrap())
    }
}
