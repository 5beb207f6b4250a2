//! What can be asked of the vault.

use super::key::Use;

/// Every operation, with its name in call counts and weather rules and the permission that it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Use(Use),
    Get,
    Create,
    Rotate,
    Update,
    Delete,
    ListKeys,
    ListVersions,
    GetPolicy,
    SetPolicy,
    GetDeleted,
    ListDeleted,
    Recover,
    Purge,
}

/// The names of all, and of what is none of them.
pub(super) const NAMES: &[&str] = &[
    "wrapKey",
    "unwrapKey",
    "encrypt",
    "decrypt",
    "getKey",
    "createKey",
    "rotateKey",
    "updateKey",
    "deleteKey",
    "listKeys",
    "listVersions",
    "getPolicy",
    "setPolicy",
    "getDeletedKey",
    "listDeletedKeys",
    "recoverKey",
    "purgeKey",
    "other",
];

/// The permissions that a caller can have.
pub(super) const PERMISSIONS: &[&str] = &[
    "wrapKey",
    "unwrapKey",
    "encrypt",
    "decrypt",
    "get",
    "list",
    "create",
    "update",
    "delete",
    "recover",
    "purge",
    "rotate",
    "getrotationpolicy",
    "setrotationpolicy",
];

impl Operation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Use(usage) => usage.name(),
            Self::Get => "getKey",
            Self::Create => "createKey",
            Self::Rotate => "rotateKey",
            Self::Update => "updateKey",
            Self::Delete => "deleteKey",
            Self::ListKeys => "listKeys",
            Self::ListVersions => "listVersions",
            Self::GetPolicy => "getPolicy",
            Self::SetPolicy => "setPolicy",
            Self::GetDeleted => "getDeletedKey",
            Self::ListDeleted => "listDeletedKeys",
            Self::Recover => "recoverKey",
            Self::Purge => "purgeKey",
        }
    }

    pub(super) fn permission(self) -> &'static str {
        match self {
            Self::Use(usage) => usage.name(),
            Self::Get | Self::GetDeleted => "get",
            Self::ListKeys | Self::ListVersions | Self::ListDeleted => "list",
            Self::Create => "create",
            Self::Rotate => "rotate",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::GetPolicy => "getrotationpolicy",
            Self::SetPolicy => "setrotationpolicy",
            Self::Recover => "recover",
            Self::Purge => "purge",
        }
    }

    /// The permission as roles name it.
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::Use(Use::Wrap) => "wrap/action",
            Self::Use(Use::Unwrap) => "unwrap/action",
            Self::Use(Use::Encrypt) => "encrypt/action",
            Self::Use(Use::Decrypt) => "decrypt/action",
            Self::Get | Self::GetDeleted | Self::ListKeys | Self::ListVersions | Self::ListDeleted => "read",
            Self::Create => "create/action",
            Self::Rotate => "rotate/action",
            Self::Update => "update/action",
            Self::Delete => "delete",
            Self::GetPolicy => "rotationpolicy/read",
            Self::SetPolicy => "rotationpolicy/write",
            Self::Recover => "recover/action",
            Self::Purge => "purge/action",
        }
    }
}
