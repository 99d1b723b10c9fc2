"""A throw-away certificate authority, so that TLS is verified on a laptop exactly as it is against RDS."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

import trustme

_CERTIFICATE = "certificate.pem"
_KEY = "key.pem"


class Authority:
    """An authority whose key lies in a folder that only its user may enter."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._authority = trustme.CA.from_pem(self.certificate.read_bytes(), (directory / _KEY).read_bytes())

    @classmethod
    def load_or_create(cls, directory: Path) -> Authority:
        """Return the authority that lives in a directory; a new one when there is none.

        :param directory: need not exist. Two processes that create it at once end with the same authority.
        """
        if not directory.exists():
            directory.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(dir=directory.parent, prefix=".authority-"))
            created = trustme.CA(organization_name="rotating-rds local cloud")
            created.cert_pem.write_to_path(draft / _CERTIFICATE)
            created.private_key_pem.write_to_path(draft / _KEY)
            # The complete folder appears in one step; whoever comes second takes the first one's.
            with contextlib.suppress(OSError):
                draft.rename(directory)
            shutil.rmtree(draft, ignore_errors=True)
        return cls(directory)

    @property
    def certificate(self) -> Path:
        """The authority's certificate (PEM): the trust bundle of whoever verifies a server."""
        return self._directory / _CERTIFICATE

    def issue(self, *hostnames: str) -> tuple[Path, Path]:
        """Issue a server's certificate.

        :param hostnames: host names and IP addresses for which it is valid.
        :returns: the paths of the certificate chain and of its private key (both PEM).
        """
        folder = Path(tempfile.mkdtemp(dir=self._directory, prefix="issued-"))
        issued = self._authority.issue_cert(*hostnames)
        for blob in issued.cert_chain_pems:
            blob.write_to_path(folder / _CERTIFICATE, append=True)
        issued.private_key_pem.write_to_path(folder / _KEY)
        return folder / _CERTIFICATE, folder / _KEY
