"""A certificate authority of the test's own, made with the openssl command."""
import os
import subprocess


class Authority:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.ca = self.path("ca.crt")
        self._openssl("req", "-x509", *self._new_key("ca"), "-subj", "/CN=foretop-e2e-ca", "-days", "2",
                      "-out", self.ca)

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, subject, extension):
        """A key and a certificate; returns their paths."""
        request, extensions = self.path(name + ".csr"), self.path(name + ".ext")
        with open(extensions, "w", encoding="ascii") as f:
            f.write(extension + "\n")
        self._openssl("req", *self._new_key(name), "-subj", subject, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self.path("ca.key"),
                      "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", self.path(name + ".crt"))
        return self.path(name + ".crt"), self.path(name + ".key")

    def server(self, name, address="127.0.0.1"):
        return self.issue(name, f"/CN={name}",
                          f"subjectAltName=IP:127.0.0.1,IP:{address},DNS:localhost,DNS:kubernetes.default.svc\n"
                          "extendedKeyUsage=serverAuth\n"
                          # A CA that follows another often has the same name: this tells them apart.
                          "authorityKeyIdentifier=keyid")

    def client(self, user, group):
        return self.issue(user, f"/O={group}/CN={user}", "extendedKeyUsage=clientAuth")

    def signing_key(self, name):
        key, public = self.path(name + ".key"), self.path(name + ".pub")
        self._openssl("genrsa", "-out", key, "2048")
        self._openssl("rsa", "-in", key, "-pubout", "-out", public)
        return key, public

    def _new_key(self, name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                self.path(name + ".key")]

    @staticmethod
    def _openssl(*args):
        done = subprocess.run(["openssl", *args], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"openssl {args[0]}: {done.stderr.strip()}")
