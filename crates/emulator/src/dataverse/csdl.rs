//! The tables as a CSDL document: what `$metadata` answers.

use std::fmt::Write;

use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::schema::{KEY, Kind, Schema, Table, TableId};
use super::store::Store;
use super::target::Message;
use crate::wire::Answer;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
<edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\
<edmx:Reference Uri=\"http://vocabularies.odata.org/OData.Community.Keys.V1.xml\">\
<edmx:Include Namespace=\"OData.Community.Keys.V1\" Alias=\"Keys\" />\
</edmx:Reference>\
<edmx:DataServices>\
<Schema Namespace=\"Microsoft.Dynamics.CRM\" Alias=\"mscrm\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\
<EntityType Name=\"crmbaseentity\" Abstract=\"true\" />";

/// The whole document.
pub(super) fn answer(store: &Store) -> Answer {
    let schema = store.schema;
    let mut text = HEAD.to_owned();
    for id in schema.ids() {
        entity_type(&mut text, store, id);
    }
    actions(&mut text, schema);
    container(&mut text, store);
    text.push_str("</Schema></edmx:DataServices></edmx:Edmx>");
    let mut answer = Answer::empty(StatusCode::OK).with(CONTENT_TYPE, "application/xml");
    answer.body = text.into();
    answer
}

fn entity_type(text: &mut String, store: &Store, id: TableId) {
    let (schema, table) = (store.schema, store.table(id));
    let _ = write!(
        text,
        "<EntityType Name=\"{}\" BaseType=\"mscrm.crmbaseentity\"><Key><PropertyRef Name=\"{}\" /></Key>",
        table.logical, table.columns[KEY].logical
    );
    for column in &table.columns {
        let nullable = if matches!(column.kind, Kind::Key) { " Nullable=\"false\"" } else { "" };
        let _ = write!(
            text,
            "<Property Name=\"{}\" Type=\"{}\"{nullable} />",
            column.property,
            column.kind.edm()
        );
    }
    lookups(text, schema, table);
    for (name, way) in schema.collections(id) {
        let target = schema.table(way.table);
        let _ = write!(
            text,
            "<NavigationProperty Name=\"{name}\" Type=\"Collection(mscrm.{})\" />",
            target.logical
        );
    }
    keys(text, store, id);
    text.push_str("</EntityType>");
}

fn keys(text: &mut String, store: &Store, id: TableId) {
    let table = store.table(id);
    let active: Vec<_> = store.keys(id).iter().filter(|key| key.is_active()).collect();
    if active.is_empty() {
        return;
    }
    text.push_str("<Annotation Term=\"OData.Community.Keys.V1.AlternateKeys\"><Collection>");
    for key in active {
        text.push_str("<Record Type=\"OData.Community.Keys.V1.AlternateKey\"><PropertyValue Property=\"Key\"><Collection>");
        for place in &key.columns {
            let property = &table.columns[*place].property;
            let _ = write!(
                text,
                "<Record Type=\"OData.Community.Keys.V1.PropertyRef\"><PropertyValue Property=\"Alias\" \
                 String=\"{property}\" /><PropertyValue Property=\"Name\" PropertyPath=\"{property}\" /></Record>"
            );
        }
        text.push_str("</Collection></PropertyValue></Record>");
    }
    text.push_str("</Collection></Annotation>");
}

fn lookups(text: &mut String, schema: &Schema, table: &Table) {
    for (place, navigation) in table.navigations() {
        let Some(target) = schema.by_logical(navigation.target) else { continue };
        let _ = write!(
            text,
            "<NavigationProperty Name=\"{}\" Type=\"mscrm.{}\" Nullable=\"false\" Partner=\"{}\">\
             <ReferentialConstraint Property=\"{}\" ReferencedProperty=\"{}\" /></NavigationProperty>",
            navigation.name,
            navigation.target,
            navigation.relationship(table.logical),
            table.columns[place].property,
            schema.table(target).columns[KEY].logical,
        );
    }
}

fn actions(text: &mut String, schema: &Schema) {
    for message in Message::ALL {
        for table in &schema.tables {
            let _ = write!(
                text,
                "<Action Name=\"{}\" IsBound=\"true\"><Parameter Name=\"entityset\" Type=\"Collection(mscrm.{1})\" \
                 Nullable=\"false\" /><Parameter Name=\"Targets\" Type=\"Collection(mscrm.{1})\" Nullable=\"false\" \
                 /></Action>",
                message.name(),
                table.logical
            );
        }
    }
    text.push_str(
        "<Action Name=\"Merge\"><Parameter Name=\"Target\" Type=\"mscrm.crmbaseentity\" Nullable=\"false\" />\
         <Parameter Name=\"Subordinate\" Type=\"mscrm.crmbaseentity\" Nullable=\"false\" />\
         <Parameter Name=\"UpdateContent\" Type=\"mscrm.crmbaseentity\" />\
         <Parameter Name=\"PerformParentingChecks\" Type=\"Edm.Boolean\" Nullable=\"false\" /></Action>\
         <ComplexType Name=\"WhoAmIResponse\"><Property Name=\"BusinessUnitId\" Type=\"Edm.Guid\" Nullable=\"false\" />\
         <Property Name=\"UserId\" Type=\"Edm.Guid\" Nullable=\"false\" />\
         <Property Name=\"OrganizationId\" Type=\"Edm.Guid\" Nullable=\"false\" /></ComplexType>\
         <Function Name=\"WhoAmI\"><ReturnType Type=\"mscrm.WhoAmIResponse\" Nullable=\"false\" /></Function>",
    );
}

fn container(text: &mut String, store: &Store) {
    let schema = store.schema;
    text.push_str("<EntityContainer Name=\"System\">");
    for table in &schema.tables {
        let _ = write!(
            text,
            "<EntitySet Name=\"{}\" EntityType=\"Microsoft.Dynamics.CRM.{}\">",
            table.set, table.logical
        );
        for (_, navigation) in table.navigations() {
            if let Some(target) = schema.by_logical(navigation.target) {
                let set = schema.table(target).set;
                let _ = write!(
                    text,
                    "<NavigationPropertyBinding Path=\"{}\" Target=\"{set}\" />",
                    navigation.name
                );
            }
        }
        let _ = write!(
            text,
            "<Annotation Term=\"Org.OData.Capabilities.V1.ChangeTracking\"><Record>\
             <PropertyValue Property=\"Supported\" Bool=\"{}\" /></Record></Annotation></EntitySet>",
            store.settings.tracks(table.logical)
        );
    }
    text.push_str("<ActionImport Name=\"Merge\" Action=\"Microsoft.Dynamics.CRM.Merge\" />");
    text.push_str(
        "<FunctionImport Name=\"WhoAmI\" Function=\"Microsoft.Dynamics.CRM.WhoAmI\" /></EntityContainer>",
    );
}
