//! Call sites of one boot that is recorded in pieces: the program goes on through the pauses, which nobody sees.

use crate::program::Program;
use crate::random::Random;

/// When it was recorded: pieces of about one length.
pub(crate) struct Pieces(pub(crate) Vec<(u64, u64)>);

/// Draws what a call site does in these pieces and between them.
pub(crate) type Draw = fn(&mut Random, &Pieces) -> Program;

/// Ticks of a piece.
const PIECE: f64 = 1e6;

pub(crate) const LEAKING: [(&str, Draw); 5] = [
    ("each so many pieces", |random, pieces| {
        let mut program = pieces.traffic(random);
        pieces.forget(random, &mut program, true);
        program
    }),
    ("now and then", |random, pieces| {
        let mut program = pieces.traffic(random);
        pieces.forget(random, &mut program, false);
        program
    }),
    ("each so many pieces, and nothing else", |random, pieces| {
        let mut program = pieces.nothing();
        pieces.forget(random, &mut program, true);
        program
    }),
    ("beside a cache", |random, pieces| {
        let mut program = cache(random, pieces);
        pieces.forget(random, &mut program, true);
        program
    }),
    ("evenly, in pauses as well", |random, pieces| {
        let mut program = pieces.traffic(random);
        let apart = PIECE * random.scale(0.3, 4.0);
        let mut birth = random.exponential(apart);
        while birth < program.end as f64 {
            program.lives(birth, None);
            birth += random.exponential(apart);
        }
        program
    }),
];

pub(crate) const HEALTHY: [(&str, Draw); 7] = [
    ("traffic", |random, pieces| pieces.traffic(random)),
    ("cache", cache),
    ("cache, and traffic", |random, pieces| {
        let mut program = cache(random, pieces);
        program.blocks.extend(pieces.traffic(random).blocks);
        program
    }),
    ("batches", batches),
    ("connections", connections),
    ("connections, and traffic", |random, pieces| {
        let mut program = connections(random, pieces);
        program.blocks.extend(pieces.traffic(random).blocks);
        program
    }),
    ("added and taken out at random", bag),
];

impl Pieces {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let (many, pause) = (random.count(10, 80), random.scale(0.03, 3.0));
        let mut now = 0.0;
        let pieces = (0..many).map(|_| {
            let begin = now;
            let end = begin + PIECE * random.between(0.7, 1.3);
            now = end + PIECE * pause * random.between(0.5, 1.5);
            (begin as u64, end as u64)
        });
        Self(pieces.collect())
    }

    fn nothing(&self) -> Program {
        Program::new(self.0.last().map_or(0, |piece| piece.1))
    }

    /// Blocks that are freed after much less than a piece, and of which none, or few, come in some of them.
    fn traffic(&self, random: &mut Random) -> Program {
        let mut program = self.nothing();
        let apart = PIECE * random.scale(0.02, 0.5);
        let (life, spread) = (PIECE * random.scale(1e-4, 0.1), random.between(0.2, 1.5));
        let mut birth = random.exponential(apart);
        while birth < program.end as f64 {
            program.lives(birth, Some(birth + random.log_normal(life, spread)));
            birth += random.exponential(apart);
        }
        program
    }

    /// Leaves 1 to 6 blocks in each piece of so many, or in one of so many.
    fn forget(&self, random: &mut Random, program: &mut Program, is_regular: bool) {
        let (period, most) = (random.count(2, 10), random.count(1, 6));
        for (number, &(begin, end)) in (0..).zip(&self.0) {
            let forgets = if is_regular {
                number % period == period / 2
            } else {
                random.chance(1.0 / period as f64)
            };
            if forgets {
                for _ in 0..random.count(1, most) {
                    let birth =
                        random.between(begin as f64, begin as f64 + 0.9 * (end - begin) as f64);
                    program.lives(birth, None);
                }
            }
        }
    }
}

impl Program {
    /// A block of 48 bytes that is allocated then, and freed then.
    pub(crate) fn lives(&mut self, birth: f64, death: Option<f64>) {
        self.blocks.push(crate::program::Block {
            birth: birth as u64,
            death: death.map(|death| death as u64),
            size: 48,
        });
    }
}

/// Fills up in the first third, at the latest, and exchanges its entries from then on, or never.
fn cache(random: &mut Random, pieces: &Pieces) -> Program {
    let mut program = pieces.nothing();
    let end = program.end as f64;
    let entries = random.count(3, 60) as usize;
    let filling = end * random.scale(0.003, 0.33) / entries as f64;
    let apart = if random.chance(0.3) {
        f64::INFINITY
    } else {
        end / (entries as f64 * random.scale(0.2, 20.0))
    };
    let is_oldest = random.chance(0.5);
    let mut held: Vec<f64> = Vec::new();
    let mut now = random.exponential(filling);
    while now < end {
        if held.len() == entries {
            let place = if is_oldest {
                0
            } else {
                random.count(0, entries as u64 - 1) as usize
            };
            program.lives(held.remove(place), Some(now));
        }
        held.push(now);
        now += random.exponential(if held.len() < entries { filling } else { apart });
    }
    for birth in held {
        program.lives(birth, None);
    }
    program
}

/// Collected, and freed together.
fn batches(random: &mut Random, pieces: &Pieces) -> Program {
    let mut program = pieces.nothing();
    let together = random.count(4, 40);
    let apart = PIECE * random.scale(0.1, 5.0) / together as f64;
    let mut now = 0.0;
    while now < program.end as f64 {
        let births: Vec<f64> = (0..together)
            .map(|_| {
                now += random.exponential(apart);
                now
            })
            .collect();
        for birth in births {
            program.lives(birth, Some(now));
        }
    }
    program
}

/// Each of a few blocks, for as long as a part of a piece or several pieces and pauses.
fn connections(random: &mut Random, pieces: &Pieces) -> Program {
    let mut program = pieces.nothing();
    let apart = PIECE * random.scale(0.2, 5.0);
    let life = PIECE * random.scale(0.1, 8.0);
    let (blocks, spread) = (random.count(1, 5), random.between(0.1, 1.0));
    let mut now = 0.0;
    while now < program.end as f64 {
        let death = now + random.log_normal(life, spread);
        for _ in 0..blocks {
            program.lives(now, Some(death));
        }
        now += random.exponential(apart);
    }
    program
}

/// As many are added as are taken out, of about so many.
fn bag(random: &mut Random, pieces: &Pieces) -> Program {
    let mut program = pieces.nothing();
    let (apart, usual) = (PIECE * random.scale(0.03, 0.5), random.count(4, 40) as f64);
    let mut held: Vec<f64> = Vec::new();
    let mut now = 0.0;
    while now < program.end as f64 {
        if random.chance((held.len() as f64 / (2.0 * usual)).min(1.0)) {
            let any = random.count(0, held.len() as u64 - 1) as usize;
            program.lives(held.swap_remove(any), Some(now));
        } else {
            held.push(now);
        }
        now += random.exponential(apart);
    }
    for birth in held {
        program.lives(birth, None);
    }
    program
}
