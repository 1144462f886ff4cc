//! That everything is done once, by whoever comes, and over before `run` is.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use super::{AWAKE, Crew};

/// Has all of `parts` done, and gives how often each was.
fn done(crew: &Crew, parts: usize) -> Vec<usize> {
    let next = AtomicUsize::new(0);
    let done: Vec<_> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
    let work = || {
        while let Some(part) = done.get(next.fetch_add(1, Ordering::Relaxed)) {
            part.fetch_add(1, Ordering::Relaxed);
        }
    };
    // SAFETY: the crew is this test's.
    unsafe { crew.run(&work) };
    done.into_iter().map(AtomicUsize::into_inner).collect()
}

#[test]
fn every_part_is_done_once() {
    for count in [1, 2, 5] {
        let crew = Crew::new(count).expect("threads");
        assert_eq!(crew.count(), count);
        for n in 0..3000 {
            assert_eq!(done(&crew, n % 70), vec![1; n % 70]);
        }
    }
}

#[test]
fn helpers_that_sleep_are_woken() {
    let crew = Crew::new(3).expect("threads");
    for _ in 0..20 {
        thread::sleep(20 * AWAKE);
        // Each waits for all others: over only if all three have come.
        let come = AtomicUsize::new(0);
        let work = || {
            come.fetch_add(1, Ordering::Relaxed);
            while come.load(Ordering::Relaxed) < 3 {
                thread::yield_now();
            }
        };
        // SAFETY: the crew is this test's.
        unsafe { crew.run(&work) };
        assert_eq!(come.into_inner(), 3);
    }
}

#[test]
fn who_is_still_at_work_is_waited_for() {
    let crew = Crew::new(2).expect("threads");
    for _ in 0..20 {
        let (here, ended) = (thread::current().id(), AtomicUsize::new(0));
        let come = AtomicUsize::new(0);
        let work = || {
            come.fetch_add(1, Ordering::Relaxed);
            if thread::current().id() == here {
                while come.load(Ordering::Relaxed) < 2 {
                    thread::yield_now();
                }
            } else {
                // Longer than anybody waits awake.
                thread::sleep(Duration::from_millis(2));
            }
            ended.fetch_add(1, Ordering::Relaxed);
        };
        // SAFETY: the crew is this test's.
        unsafe { crew.run(&work) };
        assert_eq!(ended.into_inner(), 2);
    }
}
