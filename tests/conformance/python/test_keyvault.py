"""azure-keyvault-keys with azure-identity against Key Vault and Entra: addresses and certificate are given, nothing is changed."""

import time
import unittest

from emulators import Emulators

DEK = bytes(range(32))
emulators: Emulators
credential = None
keys = None


def setUpModule() -> None:
    global emulators, credential, keys
    emulators = Emulators()
    from azure.keyvault.keys import KeyClient

    credential = emulators.credential()
    keys = KeyClient(emulators.ready["key_vault"]["base_url"], credential, verify_challenge_resource=False)


def tearDownModule() -> None:
    keys.close()
    emulators.stop()


def cipher(key):
    """`key` is a key with its public part, or only the identifier of one."""
    from azure.keyvault.keys.crypto import CryptographyClient

    return CryptographyClient(key, credential, verify_challenge_resource=False)


def refused(case: unittest.TestCase, kind, status: int, call):
    with case.assertRaises(kind) as caught:
        call()
    case.assertEqual(caught.exception.status_code, status)
    return caught.exception


class Keys(unittest.TestCase):
    def test_create_get_and_list(self) -> None:
        made = keys.create_rsa_key("py-made", size=2048, tags={"purpose": "test"})
        got = keys.get_key("py-made", made.properties.version)
        self.assertEqual((got.id, got.key_type, got.properties.tags), (made.id, "RSA", {"purpose": "test"}))
        self.assertEqual((got.key.n, got.key.e), (made.key.n, made.key.e))
        self.assertTrue(got.properties.enabled)
        self.assertIn("py-made", [one.name for one in keys.list_properties_of_keys()])

    def test_versions_are_listed_to_the_end(self) -> None:
        made = [keys.create_rsa_key("py-versions", size=2048).properties.version for _ in range(3)]
        pages = list(keys.list_properties_of_key_versions("py-versions", max_page_size=2).by_page())
        pages = [[one.version for one in page] for page in pages]
        self.assertEqual([len(page) for page in pages], [2, 1])
        self.assertEqual(sorted(sum(pages, [])), sorted(made))
        self.assertEqual(keys.get_key("py-versions").properties.version, made[-1])

    def test_update(self) -> None:
        made = keys.create_rsa_key("py-update", size=2048)
        keys.update_key_properties("py-update", made.properties.version, enabled=False, tags={"a": "b"})
        listed = {one.version: one for one in keys.list_properties_of_key_versions("py-update")}
        self.assertFalse(listed[made.properties.version].enabled)
        self.assertEqual(listed[made.properties.version].tags, {"a": "b"})

    def test_rotate(self) -> None:
        from azure.keyvault.keys.crypto import KeyWrapAlgorithm

        old = keys.create_rsa_key("py-rotate", size=2048)
        wrapped = cipher(old).wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DEK)
        new = keys.rotate_key("py-rotate")
        self.assertNotEqual(new.id, old.id)
        self.assertEqual(keys.get_key("py-rotate").id, new.id)
        self.assertEqual(
            cipher(old.id).unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key).key, DEK
        )

    def test_rotation_policy(self) -> None:
        from azure.core.exceptions import HttpResponseError
        from azure.keyvault.keys import KeyRotationLifetimeAction, KeyRotationPolicy, KeyRotationPolicyAction

        keys.create_rsa_key("py-policy", size=2048)
        rotate = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P90D")
        kept = keys.update_key_rotation_policy(
            "py-policy", KeyRotationPolicy(expires_in="P1Y", lifetime_actions=[rotate])
        )
        for policy in (kept, keys.get_key_rotation_policy("py-policy")):
            self.assertEqual(policy.expires_in, "P1Y")
            rotating = [one for one in policy.lifetime_actions if one.action.lower() == "rotate"]
            self.assertEqual([one.time_after_create for one in rotating], ["P90D"])
        short = KeyRotationPolicy(expires_in="P7D", lifetime_actions=[rotate])
        refused(self, HttpResponseError, 400, lambda: keys.update_key_rotation_policy("py-policy", short))

    def test_delete_recover_and_purge(self) -> None:
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        made = keys.create_rsa_key("py-delete", size=2048)
        deleting = keys.begin_delete_key("py-delete")
        deleting.wait()
        deleted = keys.get_deleted_key("py-delete")
        self.assertGreater(deleted.scheduled_purge_date, deleted.deleted_date)
        self.assertIn("/deletedkeys/py-delete", deleted.recovery_id)
        self.assertIn("py-delete", [one.name for one in keys.list_deleted_keys()])
        refused(self, ResourceNotFoundError, 404, lambda: keys.get_key("py-delete"))
        refused(self, ResourceExistsError, 409, lambda: keys.create_rsa_key("py-delete", size=2048))
        recovering = keys.begin_recover_deleted_key("py-delete")
        recovering.wait()
        self.assertEqual(keys.get_key("py-delete").id, made.id)
        keys.begin_delete_key("py-delete").wait()
        keys.purge_deleted_key("py-delete")
        refused(self, ResourceNotFoundError, 404, lambda: keys.get_deleted_key("py-delete"))

    def test_unknown_key(self) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        missing = refused(self, ResourceNotFoundError, 404, lambda: keys.get_key("py-no-such-key"))
        self.assertEqual(missing.error.code, "KeyNotFound")


class Wrapping(unittest.TestCase):
    def test_wraps_by_itself_and_has_the_vault_unwrap(self) -> None:
        from azure.keyvault.keys.crypto import KeyWrapAlgorithm

        before = emulators.calls("key_vault")
        key = keys.get_key(emulators.ready["key_vault"]["key_name"])
        for algorithm in (KeyWrapAlgorithm.rsa_oaep_256, KeyWrapAlgorithm.rsa_oaep):
            wrapped = cipher(key).wrap_key(algorithm, DEK)
            self.assertNotIn(DEK, wrapped.encrypted_key)
            self.assertEqual(cipher(key.id).unwrap_key(algorithm, wrapped.encrypted_key).key, DEK)
        after = emulators.calls("key_vault")
        self.assertEqual(after.get("wrapKey", 0), before.get("wrapKey", 0), "this client wraps locally")
        self.assertEqual(after["unwrapKey"], before.get("unwrapKey", 0) + 2)

    def test_has_the_vault_wrap_when_it_may_not_see_the_key(self) -> None:
        from azure.keyvault.keys.crypto import KeyWrapAlgorithm

        key = keys.create_rsa_key("py-remote", size=2048)
        before = emulators.calls("key_vault").get("wrapKey", 0)
        emulators.control("key_vault", "POST", "key", {"denied": ["getKey"]})
        try:
            blind = cipher(key.id)
            wrapped = blind.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DEK)
            self.assertEqual(wrapped.key_id, key.id)
            self.assertEqual(blind.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key).key, DEK)
        finally:
            emulators.control("key_vault", "POST", "key", {"denied": []})
        self.assertEqual(emulators.calls("key_vault")["wrapKey"], before + 1)

    def test_a_disabled_key_is_refused(self) -> None:
        from azure.core.exceptions import HttpResponseError
        from azure.keyvault.keys.crypto import KeyWrapAlgorithm

        key = keys.create_rsa_key("py-disabled", size=2048)
        wrapped = cipher(key).wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DEK)
        keys.update_key_properties("py-disabled", key.properties.version, enabled=False)
        unwrap = lambda: cipher(key.id).unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key)
        failed = refused(self, HttpResponseError, 403, unwrap)
        self.assertEqual((failed.error.code, failed.error.innererror["code"]), ("Forbidden", "KeyDisabled"))

    def test_a_tampered_value_is_refused(self) -> None:
        from azure.core.exceptions import HttpResponseError
        from azure.keyvault.keys.crypto import KeyWrapAlgorithm

        key = keys.create_rsa_key("py-tampered", size=2048)
        wrapped = bytearray(cipher(key).wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DEK).encrypted_key)
        wrapped[100] ^= 1
        unwrap = lambda: cipher(key.id).unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, bytes(wrapped))
        self.assertEqual(refused(self, HttpResponseError, 400, unwrap).error.code, "BadParameter")


class Weather(unittest.TestCase):
    def test_waits_and_tries_again(self) -> None:
        rules = [{"operation": "*", "effect": "quota", "count": 2, "retry_after": "1"}]
        emulators.control("key_vault", "POST", "weather", {"rules": rules})
        began = time.monotonic()
        self.assertTrue(keys.get_key(emulators.ready["key_vault"]["key_name"]).id)
        self.assertGreater(time.monotonic() - began, 0.5)


class Identity(unittest.TestCase):
    def test_a_wrong_secret_is_refused(self) -> None:
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import ClientSecretCredential

        crm = emulators.ready["dataverse"]
        stranger = ClientSecretCredential(
            crm["tenant_id"],
            crm["client_id"],
            "wrong",
            authority=crm["authority"],
            disable_instance_discovery=True,
        )
        with self.assertRaisesRegex(ClientAuthenticationError, "AADSTS7000215"):
            stranger.get_token("https://vault.azure.net/.default")

    def test_a_token_for_dataverse_does_not_open_the_vault(self) -> None:
        from azure.core.credentials import AccessToken
        from azure.core.exceptions import ClientAuthenticationError

        token = credential.get_token(f"{emulators.ready['dataverse']['base_url']}/.default").token

        class Wrong:
            def get_token(self, *scopes, **options):
                return AccessToken(token, int(time.time()) + 3000)

        from azure.keyvault.keys import KeyClient

        vault = KeyClient(emulators.ready["key_vault"]["base_url"], Wrong(), verify_challenge_resource=False)
        refused(
            self,
            ClientAuthenticationError,
            401,
            lambda: vault.get_key(emulators.ready["key_vault"]["key_name"]),
        )


if __name__ == "__main__":
    unittest.main()
