//! Whether something grows along something else: Theil's and Sen's slope, its interval, and Kendall's test.

use super::{NORMAL, median, normal_tails};

/// The median of all slopes between two points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The slope.
    pub slope: f64,
    /// The ends of its interval (Sen).
    pub interval: (f64, f64),
    /// The probability of such an order, if nothing depends on anything.
    pub p: f64,
}

/// The slope of (x, y) points; `None` if there are no two of different x.
#[allow(clippy::float_cmp, reason = "ties are equal to the last bit")]
pub fn theil_sen(points: &[(f64, f64)]) -> Option<Slope> {
    let mut slopes = Vec::new();
    let mut order = 0.0;
    for (place, &(x, y)) in points.iter().enumerate() {
        for &(other_x, other_y) in &points[place + 1..] {
            if x != other_x {
                slopes.push((other_y - y) / (other_x - x));
            }
            let sign =
                |one: f64, other: f64| f64::from(i8::from(one < other) - i8::from(one > other));
            order += sign(x, other_x) * sign(y, other_y);
        }
    }
    let slope = median(&mut slopes)?;
    let count = points.len() as f64;
    let ties = |values: &mut dyn Iterator<Item = f64>| {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let groups = values.chunk_by(|one, other| one == other);
        let sizes: Vec<f64> = groups.map(|group| group.len() as f64).collect();
        sizes
    };
    let of_x = ties(&mut points.iter().map(|point| point.0));
    let of_y = ties(&mut points.iter().map(|point| point.1));
    let sum = |sizes: &[f64], of: fn(f64) -> f64| sizes.iter().map(|&size| of(size)).sum::<f64>();
    let once = |size: f64| size * (size - 1.0) * (2.0 * size + 5.0);
    let pairs = |size: f64| size * (size - 1.0);
    let triples = |size: f64| size * (size - 1.0) * (size - 2.0);
    let mut variance = (once(count) - sum(&of_x, once) - sum(&of_y, once)) / 18.0;
    // The interval is Sen's, who takes no account of products of ties.
    let deviation = variance.max(0.0).sqrt();
    variance += sum(&of_x, pairs) * sum(&of_y, pairs) / (2.0 * pairs(count));
    if count > 2.0 {
        variance += sum(&of_x, triples) * sum(&of_y, triples) / (9.0 * triples(count));
    }
    let all = slopes.len() as f64;
    let upper = f64::midpoint(all, NORMAL * deviation).round() as usize;
    let lower = f64::midpoint(all, -NORMAL * deviation).round() as usize;
    let at = |place: usize| slopes[place.min(slopes.len() - 1)];
    Some(Slope {
        slope,
        interval: (at(lower.saturating_sub(1)), at(upper)),
        p: if variance > 0.0 {
            normal_tails(order / variance.sqrt())
        } else {
            1.0
        },
    })
}
