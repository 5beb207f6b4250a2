"""Makes assertions.json with PyJWT: python make.py TENANT > assertions.json"""
import base64, json, sys
import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

tenant, client = sys.argv[1], "2b1f0d3c-6f0e-4d5c-9a53-0c2f3b7c1a90"
certificate = x509.load_pem_x509_certificate(open("client.pem", "rb").read())
key = open("client.key.pem").read()
thumbprint = lambda kind: base64.urlsafe_b64encode(certificate.fingerprint(kind)).decode().rstrip("=")
claims = {
    "aud": f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    "iss": client, "sub": client, "jti": "made-by-pyjwt", "nbf": 1_700_000_000, "exp": 4_102_444_800,
}
print(json.dumps({
    "tenant": tenant,
    "RS256": jwt.encode(claims, key, "RS256", {"x5t": thumbprint(hashes.SHA1())}),
    "PS256": jwt.encode(claims, key, "PS256", {"x5t#S256": thumbprint(hashes.SHA256())}),
}, indent=2))
