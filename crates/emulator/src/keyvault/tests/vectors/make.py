"""Values that other libraries wrap and unwrap with key.pem: OpenSSL's command line and Python's cryptography.

python make.py theirs > theirs.json   wraps a value with each of them
python make.py check                  unwraps ours.json with each of them and says whether it is the value
"""
import base64, json, subprocess, sys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PLAIN = bytes(range(32))
KEY = load_pem_private_key(open("key.pem", "rb").read(), None)
ALGORITHMS = {
    "RSA-OAEP-256": (["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"], hashes.SHA256),
    "RSA-OAEP": (["rsa_padding_mode:oaep", "rsa_oaep_md:sha1", "rsa_mgf1_md:sha1"], hashes.SHA1),
    "RSA1_5": (["rsa_padding_mode:pkcs1"], None),
}


def encode(value):
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def decode(text):
    return base64.urlsafe_b64decode(text + "==")


def openssl(what, alg, value):
    options = [part for option in ALGORITHMS[alg][0] for part in ("-pkeyopt", option)]
    command = ["openssl", "pkeyutl", what, "-inkey", "key.pem", *options]
    return subprocess.run(command, input=value, stdout=subprocess.PIPE, check=True).stdout


def scheme(alg):
    kind = ALGORITHMS[alg][1]
    return padding.OAEP(padding.MGF1(kind()), kind(), None) if kind else padding.PKCS1v15()


if sys.argv[1] == "theirs":
    wrapped = [{"by": "openssl", "alg": alg, "value": encode(openssl("-encrypt", alg, PLAIN))} for alg in ALGORITHMS]
    wrapped += [
        {"by": "cryptography", "alg": alg, "value": encode(KEY.public_key().encrypt(PLAIN, scheme(alg)))}
        for alg in ("RSA-OAEP-256", "RSA-OAEP")
    ]
    print(json.dumps({"plain": encode(PLAIN), "wrapped": wrapped}, indent=2))
else:
    for vector in json.load(open("ours.json"))["wrapped"]:
        alg, value = vector["alg"], decode(vector["value"])
        assert openssl("-decrypt", alg, value) == PLAIN and KEY.decrypt(value, scheme(alg)) == PLAIN
        print(alg, "opens")
