"""Emulators of our own for one module of tests, and a few helpers that know where they listen."""

import json
import os
import ssl
import subprocess
import urllib.request


class Emulators:
    """Started by the program that WEBINAR_BRIDGE names; stopped by `stop`."""

    def __init__(self, *flags: str) -> None:
        binary = os.environ.get("WEBINAR_BRIDGE")
        if not binary:
            raise SystemExit("WEBINAR_BRIDGE must be the path of the program webinar-bridge")
        command = [binary, "emulate", "--tls", "--json", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"the emulators ended with {self.process.wait()} before they were ready")
        self.ready = json.loads(line)
        # The one certificate that is trusted, by both SDKs.
        os.environ["REQUESTS_CA_BUNDLE"] = self.ready["ca"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def credential(self):
        """The real credential of azure-identity, with the emulators' authority."""
        from azure.identity import ClientSecretCredential

        crm = self.ready["dataverse"]
        return ClientSecretCredential(
            tenant_id=crm["tenant_id"],
            client_id=crm["client_id"],
            client_secret=crm["client_secret"],
            authority=crm["authority"],
            disable_instance_discovery=True,
        )

    def control(self, server: str, method: str, path: str, body=None):
        """Calls a control endpoint of `dataverse` or `key_vault`."""
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.ready[server]['base_url']}/_emulator/{path}"
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        trust = ssl.create_default_context(cafile=self.ready["ca"])
        with urllib.request.urlopen(request, context=trust) as answer:
            return json.loads(answer.read() or "null")

    def calls(self, server: str) -> dict:
        return self.control(server, "GET", "state")["calls"]
