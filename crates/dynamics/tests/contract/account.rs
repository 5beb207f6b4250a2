//! Secrets and tokens over the emulated directory and organization.

use webinar_bridge_contract::subject::CrmSubject as _;
use webinar_bridge_contract::world::CrmWorld;
use webinar_bridge_domain::fault::FaultKind;
use webinar_bridge_domain::port::{Account as _, CrmFeed as _, ProbeOrder, RowsQuery};
use webinar_bridge_domain::time::SignedDuration;
use webinar_bridge_dynamics::{Access, secret};

use crate::subject::DynamicsSubject;

fn probe(access: &Access) -> ProbeOrder {
    ProbeOrder { organization: uuid::Uuid::from_u128(0x0a).into(), version: 4_711, secret: secret(access) }
}

#[tokio::test]
async fn the_right_secret_is_accepted() {
    let subject = DynamicsSubject::over_emulator().await;
    assert_eq!(subject.dynamics.probe(&probe(&subject.organization.access())).await, Ok(()));
}

#[tokio::test]
async fn a_wrong_secret_is_named_by_the_version_tried() {
    let subject = DynamicsSubject::over_emulator().await;
    let wrong = Access { client_secret: "wr0ng".into(), ..subject.organization.access() };
    let fault = subject.dynamics.probe(&probe(&wrong)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unauthorised { version: 4_711 });
    assert!(!format!("{fault:?}").contains("wr0ng"));
}

#[tokio::test]
async fn an_unknown_application_or_tenant_is_told() {
    let subject = DynamicsSubject::over_emulator().await;
    let right = subject.organization.access();
    for wrong in [
        Access { client_id: "00000000-0000-0000-0000-000000000001".into(), ..right.clone() },
        Access { tenant_id: "00000000-0000-0000-0000-000000000001".into(), ..right.clone() },
    ] {
        let kind = subject.dynamics.probe(&probe(&wrong)).await.unwrap_err().kind;
        let told =
            matches!(kind, FaultKind::Unauthorised { version: 4_711 } | FaultKind::Denied { why: Some(_) });
        assert!(told, "{kind:?}");
    }
}

#[tokio::test]
async fn reading_goes_on_when_a_token_ends() {
    let mut subject = DynamicsSubject::over_emulator().await;
    let world = CrmWorld::with_people(1);
    let stage = subject.arrange(world.clone()).await;
    let rows = RowsQuery { organization: stage.organization, ids: vec![world.registrations[0].id.into()] };
    for _ in 0..3 {
        assert_eq!(subject.dynamics.registrations(&rows).await.unwrap().len(), 1);
        subject.organization.advance(SignedDuration::from_mins(59)).await;
    }
}
