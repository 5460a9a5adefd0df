"""Objects of buckets: in memory, or as files of a folder (DIR/bucket/key)."""
import hashlib
import os
import tempfile
import threading
import time

from s3_sign import Refused
from wire import Span

DEFAULT_TYPE = "binary/octet-stream"


class Object:
    """One version. `read(offset, length)` gives the body of a reply."""

    def __init__(self, size, etag, modified, content_type=DEFAULT_TYPE):
        self.size, self.etag, self.modified = size, etag, modified
        self.content_type = content_type


class MemoryObject(Object):
    def __init__(self, data, etag, content_type):
        super().__init__(len(data), etag, time.time(), content_type)
        self.data = data

    def read(self, offset, length):
        return self.data if length == self.size else self.data[offset:offset + length]


class FileObject(Object):
    """Its ETag tells versions apart without reading the file, which may have gigabytes. As
    that of an upload in parts it is no MD5, and does not look like one."""

    def __init__(self, path):
        st = os.stat(path)
        version = f"{st.st_size} {st.st_mtime_ns} {st.st_ino}".encode()
        super().__init__(st.st_size, hashlib.md5(version).hexdigest() + "-1", st.st_mtime)
        self.path = path

    def read(self, offset, length):
        if length > 1 << 20:
            return Span(self.path, offset, length)
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(length)


class MemoryStore:
    def __init__(self):
        self.lock = threading.Lock()
        self.objects = {}  # by bucket, by key
        self.sorted_keys = {}  # by bucket, until it changes

    def has_bucket(self, bucket):
        return bucket in self.objects

    def create_bucket(self, bucket):
        self.objects.setdefault(bucket, {})

    def get(self, bucket, key):
        return self.objects[bucket].get(key)

    def put(self, bucket, key, data, content_type, check, etag=None):
        """`check(object or None)` raises where the object must not be replaced."""
        obj = MemoryObject(data, etag or hashlib.md5(data).hexdigest(), content_type)
        with self.lock:
            check(self.objects[bucket].get(key))
            self.objects[bucket][key] = obj
            self.sorted_keys.pop(bucket, None)
        return obj

    def delete(self, bucket, key):
        with self.lock:
            self.objects[bucket].pop(key, None)
            self.sorted_keys.pop(bucket, None)

    def keys(self, bucket):
        """In the order of their UTF-8 bytes."""
        with self.lock:
            if bucket not in self.sorted_keys:
                self.sorted_keys[bucket] = sorted(self.objects[bucket], key=str.encode)
            return self.sorted_keys[bucket]


class FolderStore:
    """Keys that are no names of files are refused: '' , '.' and '..' between slashes, and a
    key below another one."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.lock = threading.Lock()

    def has_bucket(self, bucket):
        return bucket not in ("", ".", "..") and os.path.isdir(os.path.join(self.root, bucket))

    def create_bucket(self, bucket):
        os.makedirs(os.path.join(self.root, bucket), exist_ok=True)

    def path(self, bucket, key):
        if any(part in ("", ".", "..") for part in key.split("/")) or "\0" in key:
            return None
        return os.path.join(self.root, bucket, key)

    def get(self, bucket, key):
        path = self.path(bucket, key)
        if path is None or not os.path.isfile(path):
            return None
        try:
            return FileObject(path)
        except FileNotFoundError:
            return None

    def put(self, bucket, key, data, _content_type, check, etag=None):
        path = self.path(bucket, key)
        if path is None:
            raise Refused(501, "NotImplemented", "no name for a file of this server")
        with self.lock:
            check(self.get(bucket, key))
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with tempfile.NamedTemporaryFile(dir=self.root, prefix=".put-",
                                                 delete=False) as file:
                    file.write(data)
                os.chmod(file.name, 0o644)
                os.replace(file.name, path)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                raise Refused(501, "NotImplemented", "a key of this server cannot lie below "
                              "another one") from None
            return FileObject(path)

    def delete(self, bucket, key):
        path = self.path(bucket, key)
        with self.lock:
            if path is None or not os.path.isfile(path):
                return
            os.unlink(path)
            folder = os.path.dirname(path)
            while folder != os.path.join(self.root, bucket) and not os.listdir(folder):
                os.rmdir(folder)
                folder = os.path.dirname(folder)

    def keys(self, bucket):
        top = os.path.join(self.root, bucket)
        found = []
        for folder, _, files in os.walk(top):
            below = os.path.relpath(folder, top)
            found += [name if below == "." else f"{below}/{name}" for name in files]
        return sorted(found, key=os.fsencode)


class Uploads:
    """Multipart uploads that are not complete; their parts are kept in memory."""

    def __init__(self, min_part):
        self.min_part = min_part
        self.lock = threading.Lock()
        self.open = {}  # by id: {bucket, key, type, parts: {number: (etag, data)}}
        self.n = 0

    def create(self, bucket, key, content_type):
        with self.lock:
            self.n += 1
            upload_id = hashlib.sha256(f"{bucket}/{key}/{self.n}".encode()).hexdigest()[:32]
            self.open[upload_id] = {"bucket": bucket, "key": key, "type": content_type,
                                    "parts": {}, "began": time.time()}
        return upload_id

    def find(self, bucket, key, upload_id):
        upload = self.open.get(upload_id)
        if upload is None or (upload["bucket"], upload["key"]) != (bucket, key):
            raise Refused(404, "NoSuchUpload", "The specified upload does not exist. The upload "
                          "ID may be invalid, or the upload may have been aborted or completed.",
                          {"UploadId": upload_id})
        return upload

    def put_part(self, upload, number, data):
        etag = hashlib.md5(data).hexdigest()
        with self.lock:
            upload["parts"][number] = (etag, data)
        return etag

    def join(self, upload, wanted):
        """Bytes and ETag of the object that the parts `wanted` [(number, etag)] make."""
        if not wanted:
            raise Refused(400, "MalformedXML", "You must specify at least one part")
        if any(a[0] >= b[0] for a, b in zip(wanted, wanted[1:])):
            raise Refused(400, "InvalidPartOrder", "The list of parts was not in ascending "
                          "order. Parts must be ordered by part number.")
        pieces, digests = [], b""
        for i, (number, etag) in enumerate(wanted):
            stored = upload["parts"].get(number)
            if stored is None or stored[0] != etag:
                raise Refused(400, "InvalidPart", "One or more of the specified parts could not "
                              "be found.", {"PartNumber": number})
            if i + 1 < len(wanted) and len(stored[1]) < self.min_part:
                raise Refused(400, "EntityTooSmall", "Your proposed upload is smaller than the "
                              "minimum allowed size", {"PartNumber": number,
                                                       "ProposedSize": len(stored[1]),
                                                       "MinSizeAllowed": self.min_part})
            pieces.append(stored[1])
            digests += bytes.fromhex(stored[0])
        return b"".join(pieces), f"{hashlib.md5(digests).hexdigest()}-{len(wanted)}"

    def close(self, upload_id):
        with self.lock:
            self.open.pop(upload_id, None)


def open_store(root):
    if root is None:
        return MemoryStore()
    os.makedirs(root, exist_ok=True)
    return FolderStore(root)
