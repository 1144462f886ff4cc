//! What fits: numbers of bytes alone, so that it can be tried without a device.

use crate::sizes::Sizes;

/// One of the devices by its number, or the processor.
pub(super) type Place = Option<usize>;

/// What there is room for.
pub(super) struct Room<'s> {
    pub(super) sizes: &'s Sizes,
    /// By device: bytes that may be used.
    pub(super) free: &'s [u64],
    /// How many of the devices take blocks: the first ones, in the order of the blocks.
    pub(super) takers: usize,
}

impl Room<'_> {
    /// Where every block is if the upper `count` go to devices, as evenly as there is room.
    pub(super) fn fit(&self, count: usize, heads: Place) -> Option<Vec<Place>> {
        let mut free = self.free.to_vec();
        if let Some(device) = heads {
            free[device] = free[device].checked_sub(self.sizes.heads)?;
        }
        let first = self.sizes.blocks.len().checked_sub(count)?;
        let upper = &self.sizes.blocks[first..];
        let mut places = vec![None; first];
        let mut placed = 0;
        for (device, free) in free.into_iter().enumerate().take(self.takers) {
            // An even share of what is left: what did not fit into one device falls to those after it.
            let share = (count - placed).div_ceil(self.takers - device);
            let mut room = free.saturating_sub(self.sizes.working);
            for bytes in &upper[placed..placed + share] {
                let Some(left) = room.checked_sub(*bytes) else { break };
                room = left;
                places.push(Some(device));
                placed += 1;
            }
        }
        (placed == count).then_some(places)
    }

    /// The most blocks, up to `count`, that fit, with the heads where they are wanted; without a wish the heads follow
    /// every block to the last device that has room for them. `None` if the heads do not fit where they are wanted.
    pub(super) fn most(&self, count: usize, heads: Option<Place>) -> Option<(Vec<Place>, Place)> {
        let largest = |heads: Place| (0..=count).rev().find_map(|n| Some((self.fit(n, heads)?, heads)));
        if let Some(heads) = heads {
            return largest(heads);
        }
        let found = largest(None)?;
        if self.takers == 0 || found.0.contains(&None) {
            return Some(found);
        }
        let with = (0..self.takers).rev().find_map(|device| Some((self.fit(count, Some(device))?, Some(device))));
        Some(with.unwrap_or(found))
    }

    /// Bytes that so much takes on devices in all.
    pub(super) fn needed(&self, count: usize, heads: Place) -> u64 {
        let blocks: u64 = self.sizes.blocks.iter().rev().take(count).sum();
        let working = if count > 0 { self.sizes.working } else { 0 };
        blocks + working + heads.map_or(0, |_| self.sizes.heads)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four blocks of 10 bytes, heads of 30, intermediate results of 1.
    fn sizes() -> Sizes {
        Sizes { blocks: vec![10; 4], cache: 2, heads: 30, working: 1 }
    }

    fn places(free: &[u64], takers: usize, count: usize, heads: Option<Place>) -> Option<(Vec<Place>, Place)> {
        Room { sizes: &sizes(), free, takers }.most(count, heads)
    }

    #[test]
    fn everything_goes_where_there_is_room_for_everything() {
        assert_eq!(places(&[71], 1, 4, None), Some((vec![Some(0); 4], Some(0))));
        let short = "a byte less, and the heads stay with the processor";
        assert_eq!(places(&[70], 1, 4, None), Some((vec![Some(0); 4], None)), "{short}");
    }

    #[test]
    fn the_upper_blocks_go_first_and_heads_do_not_displace_them() {
        let half = vec![None, None, Some(0), Some(0)];
        assert_eq!(places(&[30], 1, 4, None), Some((half, None)));
        assert_eq!(places(&[10], 1, 4, None), Some((vec![None; 4], None)), "10 of 11 bytes");
    }

    #[test]
    fn heads_alone_may_be_wanted_and_may_not_fit() {
        assert_eq!(places(&[30], 0, 0, Some(Some(0))), Some((vec![None; 4], Some(0))));
        assert_eq!(places(&[29], 0, 0, Some(Some(0))), None);
        let with_heads = places(&[41], 1, 4, Some(Some(0)));
        assert_eq!(with_heads, Some((vec![None, None, None, Some(0)], Some(0))), "blocks get what heads leave");
    }

    #[test]
    fn devices_share_evenly_and_the_later_take_what_the_earlier_cannot() {
        let even = vec![Some(0), Some(0), Some(1), Some(1)];
        assert_eq!(places(&[99, 99], 2, 4, Some(None)), Some((even.clone(), None)));
        assert_eq!(places(&[99, 99], 2, 4, None), Some((even, Some(1))));
        let uneven = vec![Some(0), Some(1), Some(1), Some(1)];
        assert_eq!(places(&[15, 99], 2, 4, Some(None)), Some((uneven, None)));
    }

    #[test]
    fn what_is_needed_is_what_just_fits() {
        let sizes = sizes();
        let needed = Room { sizes: &sizes, free: &[], takers: 1 }.needed(3, Some(0));
        let fits = |free: u64| Room { sizes: &sizes, free: &[free], takers: 1 }.fit(3, Some(0)).is_some();
        assert!(fits(needed) && !fits(needed - 1), "{needed}");
    }
}
