//! Tables, columns and relationships as metadata describes them.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::error::{Outcome, Refusal};
use super::key::Key;
use super::schema::{Choice, Column, Kind, Navigation, OnDelete, Table};
use super::settings::Settings;
use super::syntax::{Ast, Literal, Operator, TextTest};

const NAMESPACE: Uuid = Uuid::from_u128(0x11e7_03b4_95ad_5d06_8d5b_7a90_c1f2_4be8);
pub(super) const TYPE: &str = "Microsoft.Dynamics.CRM.";

/// A description: what every one of its kind has, and what only its type has.
pub(super) struct Description {
    pub(super) kind: String,
    base: Map<String, Json>,
    special: Map<String, Json>,
}

impl Description {
    /// One that has all of its members in every form.
    pub(super) fn plain(kind: &str, members: Json) -> Self {
        Self { kind: kind.to_owned(), base: object(members), special: Map::new() }
    }

    /// The members that were selected, or all; the special ones can be selected only by `cast`.
    pub(super) fn show(&self, select: Option<&[String]>, cast: bool) -> Outcome<Map<String, Json>> {
        let Some(select) = select else {
            let mut all = self.base.clone();
            all.extend(self.special.clone());
            return Ok(all);
        };
        let mut shown = Map::new();
        for (name, value) in self.base.iter().filter(|(name, _)| name.starts_with('@')) {
            shown.insert(name.clone(), value.clone());
        }
        for name in select {
            let special = self.special.get(name).filter(|_| cast);
            let value =
                self.base.get(name).or(special).ok_or_else(|| Refusal::unknown_property(name, &self.kind))?;
            shown.insert(name.clone(), value.clone());
        }
        shown.insert("MetadataId".to_owned(), self.base.get("MetadataId").cloned().unwrap_or_default());
        Ok(shown)
    }

    /// Whether a member is this text, whatever its case.
    pub(super) fn is(&self, name: &str, text: &str) -> bool {
        self.get(name).and_then(Json::as_str).is_some_and(|found| found.eq_ignore_ascii_case(text))
    }

    /// Those of these members that it has, or all when none is named.
    pub(super) fn some(&self, names: &[&str]) -> Map<String, Json> {
        let all = self.base.iter().chain(&self.special);
        all.filter(|(name, _)| names.is_empty() || name.starts_with('@') || names.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    fn get(&self, name: &str) -> Option<&Json> {
        self.base.get(name).or_else(|| self.special.get(name))
    }

    /// A filter on plain members of a description.
    pub(super) fn passes(&self, filter: &Ast) -> Outcome<bool> {
        let member = |name: &str| self.get(name).ok_or_else(|| Refusal::unknown_property(name, &self.kind));
        Ok(match filter {
            Ast::All(parts) => parts
                .iter()
                .map(|part| self.passes(part))
                .collect::<Outcome<Vec<_>>>()?
                .into_iter()
                .all(|held| held),
            Ast::Any(parts) => parts
                .iter()
                .map(|part| self.passes(part))
                .collect::<Outcome<Vec<_>>>()?
                .into_iter()
                .any(|held| held),
            Ast::Not(inner) => !self.passes(inner)?,
            Ast::Compare { name, operator, literal } => {
                let same = equals(member(name)?, literal);
                match operator {
                    Operator::Eq => same,
                    Operator::Ne => !same,
                    _ => return Err(Refusal::query("Metadata is compared with eq and ne alone.")),
                }
            }
            Ast::Text { kind, name, text } => {
                let found = member(name)?.as_str().unwrap_or_default();
                match kind {
                    TextTest::Contains => found.contains(text),
                    TextTest::StartsWith => found.starts_with(text),
                    TextTest::EndsWith => found.ends_with(text),
                }
            }
            Ast::Special { .. } | Ast::Some { .. } => {
                return Err(Refusal::query("This function is not for metadata."));
            }
            Ast::In { name, values } => {
                let found = member(name)?.as_str();
                values.iter().any(|value| found == Some(value))
            }
        })
    }
}

pub(super) fn metadata_id(name: &str) -> String {
    identifier(name).to_string()
}

pub(super) fn identifier(name: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(members) => members,
        _ => Map::new(),
    }
}

/// A text for people, as metadata holds it.
pub(super) fn label(text: &str) -> Json {
    let local = json!({
        "Label": text, "LanguageCode": 1033, "IsManaged": true,
        "MetadataId": metadata_id(&format!("label {text}")), "HasChanged": null,
    });
    json!({"LocalizedLabels": [local], "UserLocalizedLabel": local})
}

/// A name for people, made of a logical one.
fn title(logical: &str) -> String {
    let bare = logical.split_once('_').map_or(logical, |(_, rest)| rest);
    let mut chars = bare.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

pub(super) fn definition(table: &Table, settings: &Settings) -> Description {
    let tracked = settings.tracks(table.logical);
    let base = json!({
        "LogicalName": table.logical,
        "SchemaName": table.logical,
        "EntitySetName": table.set,
        "LogicalCollectionName": table.set,
        "PrimaryIdAttribute": table.columns.first().map(|column| column.logical),
        "PrimaryNameAttribute": table.columns[table.name].logical,
        "OwnershipType": if table.organization_owned { "OrganizationOwned" } else { "UserOwned" },
        "ChangeTrackingEnabled": tracked,
        "CanChangeTrackingBeEnabled": {"Value": true, "CanBeChanged": !tracked},
        "IsOptimisticConcurrencyEnabled": settings.versions(table.logical),
        "DisplayName": label(&title(table.logical)),
        "DisplayCollectionName": label(&title(table.set)),
        "Description": label(&title(table.logical)),
        "TableType": "Standard",
        "IsActivity": false,
        "IsPrivate": false,
        "IsIntersect": false,
        "IsLogicalEntity": false,
        "IsManaged": true,
        "IsCustomizable": {"Value": true, "CanBeChanged": true},
        "IsValidForAdvancedFind": true,
        "IsCustomEntity": table.logical.contains('_'),
        "MetadataId": metadata_id(table.logical),
    });
    Description { kind: "EntityMetadata".to_owned(), base: object(base), special: Map::new() }
}

pub(super) fn attribute(table: &Table, column: &Column) -> Description {
    let (kind, code) = attribute_type(table, column);
    let level = match (&column.kind, column.required) {
        (Kind::Key, _) => "SystemRequired",
        (_, true) => "ApplicationRequired",
        (_, false) => "None",
    };
    let base = json!({
        "@odata.type": format!("#{TYPE}{kind}"),
        "LogicalName": column.logical,
        "SchemaName": column.schema,
        "EntityLogicalName": table.logical,
        "AttributeType": code,
        "AttributeTypeName": {"Value": format!("{code}Type")},
        "RequiredLevel": {"Value": level, "CanBeChanged": false},
        "DisplayName": label(&title(column.logical)),
        "Description": label(""),
        "IsCustomAttribute": column.logical.contains('_'),
        "IsManaged": true,
        "IsLogical": false,
        "AttributeOf": null,
        "IsPrimaryId": matches!(column.kind, Kind::Key),
        "IsPrimaryName": table.columns[table.name].logical == column.logical,
        "IsValidForRead": !column.hidden,
        "IsValidForCreate": column.writable,
        "IsValidForUpdate": column.writable && !matches!(column.kind, Kind::Key),
        "MetadataId": metadata_id(&format!("{}.{}", table.logical, column.logical)),
    });
    Description { kind: kind.to_owned(), base: object(base), special: object(special(column)) }
}

/// What only this type of column has.
fn special(column: &Column) -> Json {
    match &column.kind {
        Kind::Text { max, url } => {
            let format = if *url { "Url" } else { "Text" };
            json!({"MaxLength": max, "Format": format, "FormatName": {"Value": format}})
        }
        Kind::Memo { max } => {
            json!({"MaxLength": max, "Format": "TextArea", "FormatName": {"Value": "TextArea"}})
        }
        Kind::Whole { min, max } => json!({"MinValue": min, "MaxValue": max, "Format": "None"}),
        Kind::Decimal { min, max } => json!({"MinValue": min, "MaxValue": max, "Precision": 2}),
        Kind::UserLocal => json!({"Format": "DateAndTime", "DateTimeBehavior": {"Value": "UserLocal"}}),
        Kind::ZoneIndependent => {
            json!({"Format": "DateAndTime", "DateTimeBehavior": {"Value": "TimeZoneIndependent"}})
        }
        Kind::Lookup(navigations) => {
            let targets: Vec<&str> = navigations.iter().map(|navigation| navigation.target).collect();
            json!({"Targets": targets})
        }
        _ => json!({}),
    }
}

fn attribute_type(table: &Table, column: &Column) -> (&'static str, &'static str) {
    match &column.kind {
        Kind::Key => ("AttributeMetadata", "Uniqueidentifier"),
        Kind::Version => ("BigIntAttributeMetadata", "BigInt"),
        Kind::Text { .. } => ("StringAttributeMetadata", "String"),
        Kind::Memo { .. } => ("MemoAttributeMetadata", "Memo"),
        Kind::Whole { .. } => ("IntegerAttributeMetadata", "Integer"),
        Kind::Decimal { .. } => ("DecimalAttributeMetadata", "Decimal"),
        Kind::Flag => ("BooleanAttributeMetadata", "Boolean"),
        Kind::Choice(_) => ("PicklistAttributeMetadata", "Picklist"),
        Kind::State(_) => ("StateAttributeMetadata", "State"),
        Kind::Status(_) => ("StatusAttributeMetadata", "Status"),
        Kind::UserLocal | Kind::ZoneIndependent => ("DateTimeAttributeMetadata", "DateTime"),
        Kind::Lookup(_) if column.logical == "ownerid" => ("LookupAttributeMetadata", "Owner"),
        Kind::Lookup(_) if table.logical == "contact" && column.logical == "parentcustomerid" => {
            ("LookupAttributeMetadata", "Customer")
        }
        Kind::Lookup(_) => ("LookupAttributeMetadata", "Lookup"),
    }
}

pub(super) fn option_set(table: &Table, column: &Column, choices: &[Choice]) -> Description {
    let options: Vec<Json> = choices
        .iter()
        .map(|(value, label)| {
            let text = json!({"Label": label, "LanguageCode": 1033});
            json!({"Value": value, "Label": {"LocalizedLabels": [text], "UserLocalizedLabel": text}})
        })
        .collect();
    let name = format!("{}_{}", table.logical, column.logical);
    let base =
        json!({"Name": name, "Options": options, "MetadataId": metadata_id(&format!("options {name}"))});
    Description { kind: "OptionSetMetadata".to_owned(), base: object(base), special: Map::new() }
}

pub(super) fn relationship(table: &Table, column: &Column, navigation: &Navigation) -> Description {
    let on_delete = match navigation.on_delete {
        OnDelete::Cascade => "Cascade",
        OnDelete::Restrict => "Restrict",
        OnDelete::RemoveLink => "RemoveLink",
    };
    let name = navigation.relationship(table.logical);
    let key = format!("{}id", navigation.target);
    let base = json!({
        "@odata.type": format!("#{TYPE}OneToManyRelationshipMetadata"),
        "SchemaName": name,
        "ReferencedEntityNavigationPropertyName": name,
        "ReferencingEntity": table.logical,
        "ReferencingAttribute": column.logical,
        "ReferencingEntityNavigationPropertyName": navigation.name,
        "ReferencedEntity": navigation.target,
        "ReferencedAttribute": key,
        "CascadeConfiguration": {
            "Assign": "NoCascade", "Delete": on_delete, "Merge": "NoCascade", "Reparent": "NoCascade",
            "Share": "NoCascade", "Unshare": "NoCascade",
        },
        "IsCustomRelationship": name.contains("msevtmgt_"),
        "IsManaged": true,
        "IsHierarchical": false,
        "RelationshipType": "OneToManyRelationship",
        "MetadataId": metadata_id(&name),
    });
    Description::plain("OneToManyRelationshipMetadata", base)
}

/// An alternate key.
pub(super) fn key(table: &Table, key: &Key) -> Description {
    let columns: Vec<&str> = key.columns.iter().map(|place| table.columns[*place].logical).collect();
    let base = json!({
        "SchemaName": key.name,
        "LogicalName": key.name.to_lowercase(),
        "EntityLogicalName": table.logical,
        "KeyAttributes": columns,
        "EntityKeyIndexStatus": key.status,
        "AsyncJob": null,
        "DisplayName": label(&key.name),
        "IsCustomizable": {"Value": true, "CanBeChanged": true},
        "IsManaged": false,
        "IsSynchronous": false,
        "MetadataId": key.id.to_string(),
    });
    Description::plain("EntityKeyMetadata", base)
}

fn equals(member: &Json, literal: &Literal) -> bool {
    match literal {
        Literal::Null => member.is_null(),
        Literal::Flag(flag) => member.as_bool() == Some(*flag),
        Literal::Whole(number) => member.as_i64() == Some(*number),
        Literal::Decimal(number) => member.as_f64() == Some(*number),
        Literal::Text(text) => member.as_str() == Some(text),
        Literal::Id(id) => member.as_str() == Some(&id.to_string()),
        Literal::Time(_) => false,
    }
}
