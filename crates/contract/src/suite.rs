//! The suites: each list of cases stands here once.
//!
//! The cases stand in private modules and are exported by these lists alone, so that a case which is on no list is
//! dead code, and the compiler says so.

/// Declares a suite: exports its cases, a macro that hands their names on, and the macro that makes tests of them.
macro_rules! suite {
    (
        ($d:tt) $(#[$doc:meta])* $suite:ident / $each:ident / $cases:ident:
        $($case:ident),+ $(,)?
    ) => {
        $(#[$doc])*
        pub mod $cases {
            pub use crate::cases::$cases::{$($case),+};
        }

        /// Hands the names of this suite's cases to a macro, after its own arguments: `each!(then(arguments))` is
        /// `then! { (arguments) case case … }`.
        #[macro_export]
        macro_rules! $each {
            ($d($d then:tt)::+ ( $d($d with:tt)* )) => {
                $d($d then)::+! { ( $d($d with)* ) $($case)+ }
            };
        }

        /// Makes a `#[tokio::test]` of each case of the suite, with a fresh subject each: the argument is an expression
        /// that makes one, and may `.await`.
        #[macro_export]
        macro_rules! $suite {
            ($d subject:expr) => {
                $crate::$each! { $crate::each_as_test($cases, $d subject) }
            };
        }
    };
}

/// Makes a test of each case; what the suite macros expand to.
#[doc(hidden)]
#[macro_export]
macro_rules! each_as_test {
    (($cases:ident, $subject:expr) $($case:ident)+) => {
        $(
            #[::tokio::test]
            async fn $case() {
                let mut subject = $subject;
                $crate::$cases::$case(&mut subject).await;
            }
        )+
    };
}

suite! { ($)
    /// Cases of [`Registrar`](webinar_bridge_domain::port::Registrar), over a [`ProviderSubject`](crate::subject::ProviderSubject).
    registrar_suite / for_each_registrar_case / registrar:
    a_new_person_is_admitted,
    registering_twice_leaves_one_registrant_with_the_newer_details,
    amending_changes_who_is_there,
    amending_the_unknown_makes_nobody,
    a_cancel_takes_one_person_off,
    a_cancel_of_nobody_is_as_good,
    registering_after_a_cancel_makes_live_again,
    a_cancel_after_the_start_is_too_late,
    registering_after_the_start_is_welcome,
    case_and_blanks_make_no_second_person,
    a_refusal_is_an_answer_without_the_address,
    the_forgotten_are_gone,
    the_list_has_everybody_once,
    the_list_shows_people_as_they_were_told,
    names_of_every_script_arrive_unchanged,
    the_longest_fields_arrive_whole,
    an_unknown_event_is_missing,
    a_wrong_credential_is_named_by_version,
    a_dropped_answer_is_ambiguous_and_repeating_it_is_safe,
    a_garbled_answer_to_a_write_is_ambiguous,
    a_server_error_is_ambiguous_on_a_write_only,
    a_quota_takes_nothing_and_names_no_time,
}

suite! { ($)
    /// Cases of [`AttendanceSource`](webinar_bridge_domain::port::AttendanceSource), over a
    /// [`ProviderSubject`](crate::subject::ProviderSubject).
    attendance_suite / for_each_attendance_case / attendance:
    everybody_who_watched_comes_back_with_their_numbers,
    an_attendee_is_a_registrant_by_id,
    reading_attendance_changes_nothing,
    who_did_not_come_has_no_attendance,
    attendance_of_an_unknown_event_is_missing,
    attendance_needs_the_right_credential,
    bad_weather_over_attendance_passes,
}

suite! { ($)
    /// Cases of [`Account`](webinar_bridge_domain::port::Account), over a [`ProviderSubject`](crate::subject::ProviderSubject).
    account_suite / for_each_account_case / account:
    a_right_secret_is_accepted,
    a_wrong_secret_is_named_by_the_version_tried,
    a_secret_without_rights_is_denied,
    a_secret_of_another_form_is_not_accepted,
    bad_weather_says_nothing_of_a_secret,
}

suite! { ($)
    /// Cases of [`CrmFeed`](webinar_bridge_domain::port::CrmFeed), over a [`CrmSubject`](crate::subject::CrmSubject).
    feed_suite / for_each_feed_case / feed:
    a_feed_begins_with_every_row,
    a_change_appears_after_the_place_before_it,
    a_place_leads_on_from_where_it_was,
    a_deleted_row_appears_as_deleted,
    an_expired_place_is_missing,
    a_registration_is_read_whole,
    a_contact_without_an_address_is_read,
    a_missing_row_is_absent,
    fifty_rows_are_read_at_once,
    an_unchanged_row_keeps_its_version,
    the_version_rises_with_contact_and_company,
    an_event_is_read_with_its_times,
    an_event_is_read_as_it_is_now,
    a_whole_schema_is_clean,
    a_missing_name_is_named_with_its_setting,
    bad_weather_over_the_feed_passes,
}

suite! { ($)
    /// Cases of [`CrmAnswers`](webinar_bridge_domain::port::CrmAnswers), over a [`CrmSubject`](crate::subject::CrmSubject).
    answers_suite / for_each_answers_case / answers:
    an_admission_shows_with_its_id,
    an_admission_without_an_id_shows,
    a_cancellation_shows,
    a_hold_shows_with_its_reason,
    a_newer_answer_takes_the_place_of_the_older,
    answering_again_changes_nothing,
    a_row_that_is_gone_is_not_made_again,
    one_absent_row_spoils_nothing_for_the_others,
    the_largest_batch_is_answered_whole,
    bad_weather_over_answers_is_made_up_for,
}

suite! { ($)
    /// Cases of [`CrmMetrics`](webinar_bridge_domain::port::CrmMetrics), over a [`CrmSubject`](crate::subject::CrmSubject).
    metrics_suite / for_each_metrics_case / metrics:
    the_numbers_arrive,
    minutes_arrive_without_times,
    writing_twice_leaves_one_row,
    newer_numbers_take_the_place_of_older,
    a_missing_registration_is_absent,
    the_largest_batch_is_written_whole,
    bad_weather_over_check_ins_leaves_one_row,
}

suite! { ($)
    /// Cases of [`Vault`](webinar_bridge_domain::port::Vault), over a [`VaultSubject`](crate::subject::VaultSubject).
    vault_suite / for_each_vault_case / vault:
    what_is_sealed_opens_for_its_bond,
    a_secret_that_was_moved_does_not_open,
    a_changed_bit_does_not_open,
    a_cut_or_made_up_secret_does_not_open,
    all_that_does_not_open_fails_alike,
    what_is_sealed_shows_nothing,
}

suite! { ($)
    /// Cases of [`Privacy`](webinar_bridge_domain::port::Privacy), over a [`PrivacySubject`](crate::subject::PrivacySubject).
    privacy_suite / for_each_privacy_case / privacy:
    details_come_back_as_they_were,
    nobody_is_sealed_and_opened,
    details_of_another_do_not_open,
    changed_details_do_not_open,
    a_person_has_one_key_in_an_organization,
    a_digest_tells_whether_details_differ,
    keys_find_whom_they_were_made_for,
    nobody_without_an_address_is_sealed,
    sealed_details_show_nobody,
}

suite! { ($)
    /// Cases of [`KeyWrap`](webinar_bridge_domain::port::KeyWrap), over a [`KeyWrapSubject`](crate::subject::KeyWrapSubject).
    key_wrap_suite / for_each_key_wrap_case / key_wrap:
    what_is_wrapped_unwraps,
    an_older_version_still_unwraps,
    a_key_of_another_house_is_not_valid,
    changed_bytes_do_not_unwrap,
    a_wrapped_key_shows_nothing,
}

suite! { ($)
    /// Cases of [`Worklist`](webinar_bridge_domain::port::Worklist), over a [`StoreSubject`](crate::subject::StoreSubject).
    worklist_suite / for_each_worklist_case / worklist:
    two_claimers_never_share_a_lane_of_a_row,
    the_lanes_of_a_row_have_leases_of_their_own,
    a_lease_lasts_until_it_is_over,
    a_clean_release_changes_nothing,
    an_opening_is_stored,
    a_lapsed_lease_opens_nothing,
    a_lapsed_lease_that_was_taken_over_is_fenced,
    a_lease_of_an_older_epoch_opens_nothing,
    a_call_that_was_out_is_settled_after_the_stop,
    nothing_is_leased_of_a_stopped_organization,
    settling_after_an_observation_says_moved_and_keeps_the_lease,
    an_opening_of_a_moved_item_says_moved,
    settling_releases_the_lease,
    one_bad_item_settles_the_others,
    one_bad_opening_opens_the_others,
    the_most_urgent_comes_first,
    a_moved_webinar_moves_its_registrations,
    nothing_is_leased_before_its_time,
    ready_tells_when_the_first_is_due,
    an_open_attempt_is_taken_over_when_its_lease_ends,
    a_cancel_waits_for_whom_it_moved_to,
    nothing_is_leased_towards_a_webinar_without_an_event,
    the_answer_lane_has_what_is_to_be_told,
    a_held_person_is_told_and_not_delivered,
    an_answer_put_off_comes_back_at_its_time,
    a_begun_answer_stays_due,
    a_webinar_is_put_off_whole,
    ready_tells_how_urgent_it_is,
    an_amendment_goes_by_revision,
    what_is_not_written_leaves_no_fact,
    organizations_are_worked_on_apart,
    what_was_opened_is_open_after_a_restart,
    an_excluded_row_is_no_work,
}

suite! { ($)
    /// Cases of [`Intake`](webinar_bridge_domain::port::Intake), over a [`StoreSubject`](crate::subject::StoreSubject).
    intake_suite / for_each_intake_case / intake:
    hints_for_one_row_coalesce_and_raise_its_generation,
    a_hint_is_of_a_table_and_a_row,
    the_oldest_hints_come_first,
    a_hint_that_was_raised_meanwhile_stays,
    a_hint_that_came_back_is_another_one,
    rows_to_look_at_again_become_hints,
    rows_and_their_place_are_taken_together,
    nothing_is_taken_in_another_epoch,
    a_conflicting_group_becomes_a_hint_and_the_place_moves_on,
    a_conflict_outlives_the_hint_that_led_to_it,
    a_group_is_taken_whole_or_not_at_all,
    groups_of_one_batch_see_each_other,
    recording_again_changes_nothing,
    an_older_reading_of_a_moved_row_is_refused,
    an_older_reading_excludes_nothing,
    a_delete_is_taken_at_the_version_that_is_known,
    a_row_that_is_gone_stays_gone,
    an_excluded_row_is_taken_in_at_its_version,
    what_is_known_is_homes_and_registrations,
    rows_are_found_by_what_they_lean_on,
    organizations_take_in_apart,
    what_was_stored_is_what_is_read,
    what_is_taken_in_is_there_to_be_done,
    a_place_moves_from_where_the_page_was_read,
    a_new_snapshot_begins_at_the_beginning,
    a_snapshot_hints_at_what_it_did_not_see,
    a_snapshot_outlives_a_restart,
    a_snapshot_does_not_look_for_what_is_gone,
    a_brake_is_taken_with_its_readings,
    a_stale_brake_takes_no_group_of_its_webinar,
    a_brake_is_saved_from_its_newest_reading,
}

suite! { ($)
    /// Cases of [`Books`](webinar_bridge_domain::port::Books), over a [`StoreSubject`](crate::subject::StoreSubject).
    books_suite / for_each_books_case / books:
    nothing_is_balanced,
    every_row_is_somewhere,
    a_row_that_is_gone_is_not_counted,
    every_minute_is_somewhere,
    each_webinar_has_its_own_balance,
    registrations_are_found_in_order,
    the_longest_held_come_first,
    unmatched_attendance_is_listed,
    the_balance_is_what_a_recount_says,
    held_rows_are_counted_by_cause,
    held_registrations_are_selected_by_a_filter,
    held_registrations_are_selected_by_their_ids,
    a_roll_has_everybody_of_a_webinar_once,
}

suite! { ($)
    /// Cases of [`SyncLedger`](webinar_bridge_domain::port::SyncLedger), over a [`StoreSubject`](crate::subject::StoreSubject).
    ledger_suite / for_each_ledger_case / ledger:
    a_sync_is_read_as_it_was_stored,
    a_sync_is_changed_from_its_newest_reading,
    the_longest_due_sync_comes_first,
    a_lost_lease_settles_no_sync,
    a_sync_that_changed_meanwhile_says_moved,
    a_lease_can_be_kept,
    no_sync_of_a_stopped_organization_is_due,
    a_closed_sync_is_never_due,
    people_are_recognised_by_id_then_correlation_then_address,
    attendance_is_read_as_it_was_stored,
    what_the_crm_does_not_have_is_unwritten,
    what_was_written_with_older_numbers_stays_unwritten,
    a_sync_is_stored_with_its_facts,
}

suite! { ($)
    /// Cases of [`Organizations`](webinar_bridge_domain::port::Organizations), over a [`StoreSubject`](crate::subject::StoreSubject).
    organizations_suite / for_each_organizations_case / organizations:
    an_organization_is_read_as_it_was_stored,
    the_epoch_rises_with_every_save,
    an_organization_is_saved_from_its_newest_reading,
    a_second_of_a_name_is_answered_with_the_first,
    organizations_are_listed_by_name,
    leases_of_older_epochs_are_running,
    an_organization_is_stored_with_its_facts,
}

suite! { ($)
    /// Cases of [`CredentialStore`](webinar_bridge_domain::port::CredentialStore), over a [`StoreSubject`](crate::subject::StoreSubject).
    credentials_suite / for_each_credentials_case / credentials:
    a_credential_is_read_as_it_was_stored,
    a_credential_is_saved_from_its_newest_reading,
    a_credential_that_is_gone_is_told_so,
    a_new_credential_takes_the_place_of_a_revoked_one,
    slots_of_organizations_are_apart,
}

suite! { ($)
    /// Cases of [`WebinarStore`](webinar_bridge_domain::port::WebinarStore), over a [`StoreSubject`](crate::subject::StoreSubject).
    webinars_suite / for_each_webinars_case / webinars:
    webinars_are_read_as_they_were_stored,
    webinars_are_listed_by_their_start,
    a_webinar_is_saved_from_its_newest_reading,
    a_webinar_and_its_sync_are_stored_together,
    a_changed_link_hints_at_every_row_of_the_event,
    a_new_webinar_hints_at_the_rows_that_came_before_it,
}

suite! { ($)
    /// Cases of [`Chronicle`](webinar_bridge_domain::port::Chronicle), over a [`StoreSubject`](crate::subject::StoreSubject).
    chronicle_suite / for_each_chronicle_case / chronicle:
    facts_come_back_in_the_order_of_their_states,
    positions_lead_on,
    facts_of_organizations_are_apart,
    every_fact_is_read_as_it_was_stored,
}

suite! { ($)
    /// Cases of [`KeyShelf`](webinar_bridge_domain::port::KeyShelf), over a [`StoreSubject`](crate::subject::StoreSubject).
    key_shelf_suite / for_each_key_shelf_case / key_shelf:
    the_first_key_wins,
    keys_made_at_once_are_one,
    each_organization_has_its_own_key,
    a_destroyed_key_is_gone,
    a_key_is_there_after_a_restart,
}

suite! { ($)
    /// Cases of [`Endpoints`](webinar_bridge_domain::port::Endpoints), over a [`StoreSubject`](crate::subject::StoreSubject).
    endpoints_suite / for_each_endpoints_case / endpoints:
    an_endpoint_is_read_as_it_was_stored,
    an_endpoint_is_saved_from_its_newest_reading,
    an_endpoint_has_one_organization,
    a_closed_endpoint_is_gone,
}

suite! { ($)
    /// Cases of [`Gates`](webinar_bridge_domain::port::Gates), over a [`StoreSubject`](crate::subject::StoreSubject).
    gates_suite / for_each_gates_case / gates:
    a_grant_counts_for_everybody,
    a_trouble_shuts_what_it_concerns,
    one_goes_to_see,
    a_gate_outlives_a_restart,
    a_batch_sees_itself,
}

suite! { ($)
    /// Cases of [`TaskStore`](webinar_bridge_domain::port::TaskStore), over a [`StoreSubject`](crate::subject::StoreSubject).
    tasks_suite / for_each_tasks_case / tasks:
    a_task_is_read_as_it_was_stored,
    every_active_organization_says_when_its_next_task_is_due,
    a_task_goes_to_one_at_a_time,
    the_longest_due_task_comes_first,
    a_task_that_was_planned_anew_stays_as_planned,
    a_lost_lease_ends_no_task,
    no_task_of_a_stopped_organization_is_leased,
    what_is_over_is_cleared_away,
    a_task_is_stored_with_its_facts,
}

suite! { ($)
    /// Cases of [`TokenShelf`](webinar_bridge_domain::port::TokenShelf), over a [`StoreSubject`](crate::subject::StoreSubject).
    tokens_suite / for_each_tokens_case / tokens:
    a_token_is_admitted_once,
    a_restart_does_not_renew_a_token,
}
