#[path = "store/given.rs"]
#[allow(dead_code)]
mod given;
use given::*;
use webinar_bridge_domain::port::*;
#[tokio::test]
async fn measure() {
    for n in [2_000u32, 20_000] {
        let folder = tempfile::tempdir().unwrap();
        let store = in_memory().await;
        let epoch = stand(&store, 1, ACTIVE).await;
        let t = std::time::Instant::now();
        for c in 0..n / 500 {
            // one half is due later
            let one = |n: u32| (wanted(wide_key(1, 50 + u128::from(n % 20), n), 1_000 + u128::from(n), at(if n % 2 == 0 {0} else {100_000})), at(i64::from(n % 20)));
            take_in(&store, epoch, (c * 500..(c + 1) * 500).map(one).collect()).await;
        }
        println!("{n}: insert {:?}/row", t.elapsed() / n);
        let rounds = 10;
        let (mut tc, mut tj, mut ts, mut tr) = (std::time::Duration::ZERO, std::time::Duration::ZERO, std::time::Duration::ZERO, std::time::Duration::ZERO);
        for _ in 0..rounds {
            let t = std::time::Instant::now();
            let r = store.ready(Lane::Deliver, at(1)).await.unwrap(); assert_eq!(r.len(), 1);
            tr += t.elapsed();
            let t = std::time::Instant::now();
            let leased = claim(&store, Lane::Deliver, 100, at(1)).await;
            tc += t.elapsed();
            assert_eq!(leased.len(), 100);
            let ops: Vec<_> = leased.iter().map(|l| opening(l, at(1))).collect();
            let t = std::time::Instant::now();
            let j = store.journal(&ops).await.unwrap();
            tj += t.elapsed();
            let ends: Vec<_> = ops.iter().zip(j).map(|(o, j)| match j { Journalled::Open(r) => admitted(o, r, "p", at(1)), _ => panic!() }).collect();
            let t = std::time::Instant::now();
            Worklist::settle(&store, &ends).await.unwrap();
            ts += t.elapsed();
        }
        println!("{n}: ready {:?} claim {:?} journal {:?} settle {:?} per 100", tr / rounds, tc / rounds, tj / rounds, ts / rounds);
        let t = std::time::Instant::now();
        for n in 0..50 { store.hint(&[Hint { organization: id(1), row: CrmRow { table: CrmTable::Contacts, id: record_id(n) } }]).await.unwrap(); }
        println!("{n}: hint {:?}", t.elapsed() / 50);
        store.close().await.unwrap();
        let t = std::time::Instant::now();
        let store = webinar_bridge_storage::open(&settings_in(&folder)).await.unwrap();
        println!("{n}: open {:?}", t.elapsed());
        store.close().await.unwrap();
    }
}
